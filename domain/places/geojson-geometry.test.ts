import { expect, test } from 'vitest'
import { featureCollection, pointFeature } from '../../test/fixtures/geo.ts'
import { geoFaults, geometry, readGeo } from '../../test/fixtures/geo-reading.ts'
import type { FilePlaces } from './feature.ts'

const feature = (of: unknown, properties = { name: 'N' }) => ({
  ...{ type: 'Feature', geometry: of, properties },
})

const noPosition = 'is no position: 2 or 3 numbers.'
test.each([
  ['a word in a position', geometry('Point', [1, 'x']), '/coordinates', `[1,"x"] ${noPosition}`],
  ['one number', geometry('Point', [1]), '/coordinates', `[1] ${noPosition}`],
  ['four numbers', geometry('Point', [1, 2, 3, 4]), '/coordinates', `[1,2,3,4] ${noPosition}`],
  ['no list', geometry('Point', 5), '/coordinates', `5 ${noPosition}`],
  [
    'a longitude off the globe',
    geometry('Point', [180.1, 2]),
    '/coordinates',
    'The longitude 180.1 does not lie in -180 to 180.',
  ],
  [
    'a latitude off the globe',
    geometry('Point', [45.5, -122]),
    '/coordinates',
    'The latitude -122 does not lie in -90 to 90. The longitude comes first.',
  ],
  [
    'a word in a line',
    geometry('LineString', [
      [1, 2],
      [1, 'x'],
    ]),
    '/coordinates/1',
    `[1,"x"] ${noPosition}`,
  ],
  [
    'a polygon too flat',
    geometry('Polygon', [
      [1, 2],
      [3, 4],
    ]),
    '/coordinates/0/0',
    `1 ${noPosition}`,
  ],
  ['an unknown type', geometry('Circle', [1, 2]), '/type', '"Circle" is no type of geometry.'],
  ['no object', 'Point', '', 'A geometry is an object or null.'],
  [
    'a wrong part of a collection',
    { type: 'GeometryCollection', geometries: [geometry('Point', ['x', 1])] },
    '/geometries/0/coordinates',
    `["x",1] ${noPosition}`,
  ],
])('%s is a fault that names the feature', async (_, wrong, pointer, detail) => {
  expect(await geoFaults(featureCollection(pointFeature([1, 2]), feature(wrong)))).toEqual([
    {
      pointer: `/features/1/geometry${pointer}`,
      code: expect.any(String),
      detail: `"N" (features[1]): ${detail}`,
    },
  ])
})

test('every wrong feature is named, the first hundred at length', async () => {
  const wrong = Array.from({ length: 150 }, () => pointFeature(['x', 1]))
  const outcome: unknown = await readGeo(featureCollection(...wrong)).catch((err: unknown) => err)
  expect(outcome).toMatchObject({ message: '150 places of the file are wrong.' })
  expect(await geoFaults(featureCollection(...wrong))).toHaveLength(100)
})

test.each([
  ['no geometry', null, 'It has no geometry.'],
  [
    'a line',
    geometry('LineString', [
      [1, 2],
      [3, 4],
    ]),
    'It is a LineString, not a Point.',
  ],
  [
    'many points',
    geometry('MultiPoint', [
      [1, 2],
      [3, 4],
    ]),
    'It is a MultiPoint of 2 points; a place is one.',
  ],
  ['a point without coordinates', geometry('Point', []), 'Its Point has no coordinates.'],
  [
    'a collection',
    {
      type: 'GeometryCollection',
      geometries: [geometry('Point', [1, 2]), geometry('Point', [1, 2])],
    },
    'It is a GeometryCollection of 2; a place is one Point.',
  ],
])('a feature with %s is skipped and told', async (_, of, reason) => {
  const { features, featureCount, skipped } = await readGeo(
    featureCollection(feature(of), pointFeature([1, 2])),
  )
  expect({ featureCount, places: features.length, skipped }).toEqual({
    ...{ featureCount: 2, places: 1 },
    skipped: [{ index: 0, name: 'N', line: null, reason }],
  })
})

const only = ({ features }: FilePlaces) => features[0]

test.each([
  ['a feature alone', pointFeature([1, 2], { name: 'N' }, 7), { id: 7, name: 'N' }],
  ['a point alone', geometry('Point', [1, 2, 3]), { altitudeMetres: 3, name: undefined }],
  ['many points that are one', feature(geometry('MultiPoint', [[1, 2]])), { latitude: 2 }],
  [
    'a collection that is one',
    feature({ type: 'GeometryCollection', geometries: [geometry('Point', [1, 2])] }),
    { latitude: 2 },
  ],
  ['properties of null', pointFeature([1, 2], null), { properties: {} }],
])('%s is a place', async (_, file, place) => {
  expect(only(await readGeo(file))).toMatchObject({ longitude: 1, ...place })
})
