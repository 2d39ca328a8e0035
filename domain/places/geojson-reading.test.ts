import { expect, test } from 'vitest'
import { featureCollection, pointFeature } from '../../test/fixtures/geo.ts'
import { type FilePlaces, PlacesFileFault } from './feature.ts'
import { readGeoJson } from './geojson-reading.ts'

type Asked = { nameProperty?: string; aliasProperties?: string[] }

const read = (file: unknown, { nameProperty, aliasProperties = [] }: Asked = {}) =>
  readGeoJson(typeof file === 'string' ? file : JSON.stringify(file), {
    ...{ nameProperty, aliasProperties, findHostile: () => null },
  })

async function faultsOf(file: unknown) {
  const outcome: unknown = await read(file).catch((err: unknown) => err)
  if (outcome instanceof PlacesFileFault) return outcome.faults
  throw outcome
}

const geometry = (type: string, coordinates: unknown) => ({ type, coordinates })
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
  expect(await faultsOf(featureCollection(pointFeature([1, 2]), feature(wrong)))).toEqual([
    {
      pointer: `/features/1/geometry${pointer}`,
      code: expect.any(String),
      detail: `"N" (features[1]): ${detail}`,
    },
  ])
})

test('every wrong feature is named, the first hundred at length', async () => {
  const wrong = Array.from({ length: 150 }, () => pointFeature(['x', 1]))
  const outcome: unknown = await read(featureCollection(...wrong)).catch((err: unknown) => err)
  expect(outcome).toMatchObject({ message: '150 places of the file are wrong.' })
  expect(await faultsOf(featureCollection(...wrong))).toHaveLength(100)
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
  const { features, featureCount, skipped } = await read(
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
  expect(only(await read(file))).toMatchObject({ longitude: 1, ...place })
})

test('names and aliases come from the properties that are named', async () => {
  const file = pointFeature([1, 2], {
    ...{ name: 'A', title: 'B', alt: 'C| D ;E,B', others: ['F', 5, 'C'], number: 4 },
  })
  expect(only(await read(file))).toMatchObject({ name: 'A', aliases: undefined })
  expect(
    only(await read(file, { nameProperty: 'title', aliasProperties: ['alt', 'others'] })),
  ).toMatchObject({
    ...{ name: 'B', aliases: ['C', 'D', 'E', 'F'] },
  })
  expect(only(await read(file, { nameProperty: 'number' }))).toMatchObject({ name: '4' })
  expect(only(await read(file, { nameProperty: 'none' }))?.name).toBeUndefined()
})

test('of sixty aliases fifty count, and the file is told of the others', async () => {
  const names = Array.from({ length: 60 }, (_, n) => `name ${n}`)
  const { features, aliasesLeftOut } = await read(pointFeature([1, 2], { names }), {
    aliasProperties: ['names'],
  })
  expect([features[0]?.aliases?.length, aliasesLeftOut]).toEqual([50, 10])
})

test('what a file has beyond GeoJSON is told, and kept nowhere', async () => {
  const { ignored } = await read({
    ...featureCollection({ ...pointFeature([1, 2]), style: {}, bbox: [1, 2, 1, 2] }),
    ...{ name: 'cities', bbox: [1, 2, 1, 2] },
  })
  expect(ignored).toEqual(['features[].style', 'name'])
})

const named = (name: string) => ({ type: 'name', properties: { name } })
test.each(['urn:ogc:def:crs:OGC:1.3:CRS84', 'EPSG:4326', 'urn:ogc:def:crs:EPSG::4326'])(
  'a file that names the reference system %s is read',
  async (name) => {
    const file = { ...featureCollection(pointFeature([1, 2])), crs: named(name) }
    expect((await read(file)).features).toHaveLength(1)
  },
)
test.each([named('EPSG:3857'), named('urn:ogc:def:crs:EPSG::43260'), null, {}, 'EPSG:4326'])(
  'a file of the reference system %j is refused',
  async (crs) => {
    const faults = await faultsOf({ ...featureCollection(pointFeature([1, 2])), crs })
    expect(faults).toMatchObject([{ pointer: '/crs', code: 'unknown_crs' }])
  },
)

test('two features with one id are both named; a number and its text are two ids', async () => {
  const [one, other] = [
    pointFeature([1, 2], { name: 'A' }, 1),
    pointFeature([1, 2], { name: 'B' }, '1'),
  ]
  expect((await read(featureCollection(one, other))).features).toHaveLength(2)
  expect(await faultsOf(featureCollection(one, other, one))).toMatchObject([
    { pointer: '/features/2/id', detail: '"A" (features[2]): "A" (features[0]) has this id, too.' },
  ])
})

test('features without an id are told apart by what they say, whatever the order of names', async () => {
  const a = pointFeature([1, 2], { x: 1, y: [{ p: 1, q: 2 }] })
  const turned = pointFeature([1, 2], { y: [{ q: 2, p: 1 }], x: 1 })
  const other = pointFeature([1, 2.5], { x: 1, y: [{ p: 1, q: 2 }] })
  const { features } = await read(featureCollection(a, other, turned))
  const [first, second, third] = features.map(({ key }) => key)
  expect(third).toBe(`${first}:2`)
  expect(second).not.toBe(first)
})

test.each([
  ['no JSON', 'hello', 'It is no JSON object.'],
  ['a list', '[1]', 'It is no JSON object.'],
  ['something of another type', '{"type":"Topology"}', 'Its type is none of GeoJSON'],
  [
    'features that are no list',
    '{"type":"FeatureCollection","features":{}}',
    'has a list of features',
  ],
  ['no features', '{"type":"FeatureCollection"}', 'has a list of features'],
  ['an end too early', '{"type":"FeatureCollection","features":[', 'It ends too early.'],
  ['more behind its end', '{"type":"Point","coordinates":[1,2]} {}', 'It is no JSON object.'],
  [
    'a comma too many',
    '{"type":"FeatureCollection","features":[],}',
    'A name or a value is missing.',
  ],
  [
    'a feature too few',
    '{"type":"FeatureCollection","features":[{},]}',
    'not valid JSON, near line 1',
  ],
  [
    'a wrong bracket',
    '{"type":"FeatureCollection","features":[}]',
    'The list of features does not end.',
  ],
  [
    'words behind the list',
    '{"features":[] x,"type":"FeatureCollection"}',
    'Something follows the list',
  ],
  ['two lists', '{"features":[],"features":[]}', 'two lists of features'],
  ['NaN', '{"type":"Point",\n"coordinates":[NaN,2]}', 'not valid JSON, near line 2'],
])('a file of %s is refused', async (_, file, detail) => {
  const [fault] = await faultsOf(file)
  expect(fault).toMatchObject({ code: 'unreadable', detail: expect.stringContaining(detail) })
})

test('bombs of brackets and of names end soon', async () => {
  const [deep] = await faultsOf(`{"features":${'['.repeat(8_000_000)}`)
  expect(deep?.detail).toContain('It nests deeper than 64 levels.')
  const [many] = await faultsOf(`{${'"a":1,'.repeat(1_000_000)}"b":1}`)
  expect(many?.detail).toContain('It has more than 1000 members.')
  const [spaces] = await faultsOf(`{"features":${' '.repeat(2_000_000)}x${'[]'.repeat(1_000_000)}}`)
  expect(spaces?.code).toBe('unreadable')
})

test('fifty thousand features are read, and not one more', async () => {
  const list = (count: number) =>
    featureCollection(...Array.from({ length: count }, () => pointFeature([1, 2])))
  expect((await read(list(50_000))).featureCount).toBe(50_000)
  expect(await faultsOf(list(50_001))).toMatchObject([{ code: 'too_many' }])
})
