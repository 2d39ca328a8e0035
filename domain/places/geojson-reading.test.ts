import { expect, test } from 'vitest'
import { featureCollection, pointFeature } from '../../test/fixtures/geo.ts'
import { geoFaults, readGeo } from '../../test/fixtures/geo-reading.ts'
import type { FilePlaces } from './feature.ts'

const only = ({ features }: FilePlaces) => features[0]

test('names and aliases come from the properties that are named', async () => {
  const file = pointFeature([1, 2], {
    ...{ name: 'A', title: 'B', alt: 'C| D ;E,B', others: ['F', 5, 'C'], number: 4 },
  })
  expect(only(await readGeo(file))).toMatchObject({ name: 'A', aliases: undefined })
  expect(
    only(await readGeo(file, { nameProperty: 'title', aliasProperties: ['alt', 'others'] })),
  ).toMatchObject({
    ...{ name: 'B', aliases: ['C', 'D', 'E', 'F'] },
  })
  expect(only(await readGeo(file, { nameProperty: 'number' }))).toMatchObject({ name: '4' })
  expect(only(await readGeo(file, { nameProperty: 'none' }))?.name).toBeUndefined()
})

test('of sixty aliases fifty count, and the file is told of the others', async () => {
  const names = Array.from({ length: 60 }, (_, n) => `name ${n}`)
  const { features, aliasesLeftOut } = await readGeo(pointFeature([1, 2], { names }), {
    aliasProperties: ['names'],
  })
  expect([features[0]?.aliases?.length, aliasesLeftOut]).toEqual([50, 10])
})

test('what a file has beyond GeoJSON is told, and kept nowhere', async () => {
  const { ignored } = await readGeo({
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
    expect((await readGeo(file)).features).toHaveLength(1)
  },
)
test.each([named('EPSG:3857'), named('urn:ogc:def:crs:EPSG::43260'), null, {}, 'EPSG:4326'])(
  'a file of the reference system %j is refused',
  async (crs) => {
    const faults = await geoFaults({ ...featureCollection(pointFeature([1, 2])), crs })
    expect(faults).toMatchObject([{ pointer: '/crs', code: 'unknown_crs' }])
  },
)

test('two features with one id are both named; a number and its text are two ids', async () => {
  const [one, other] = [
    pointFeature([1, 2], { name: 'A' }, 1),
    pointFeature([1, 2], { name: 'B' }, '1'),
  ]
  expect((await readGeo(featureCollection(one, other))).features).toHaveLength(2)
  expect(await geoFaults(featureCollection(one, other, one))).toMatchObject([
    { pointer: '/features/2/id', detail: '"A" (features[2]): "A" (features[0]) has this id, too.' },
  ])
})

test('features without an id are told apart by what they say, whatever the order of names', async () => {
  const a = pointFeature([1, 2], { x: 1, y: [{ p: 1, q: 2 }] })
  const turned = pointFeature([1, 2], { y: [{ q: 2, p: 1 }], x: 1 })
  const other = pointFeature([1, 2.5], { x: 1, y: [{ p: 1, q: 2 }] })
  const { features } = await readGeo(featureCollection(a, other, turned))
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
  const [fault] = await geoFaults(file)
  expect(fault).toMatchObject({ code: 'unreadable', detail: expect.stringContaining(detail) })
})

test('bombs of brackets and of names end soon', async () => {
  const [deep] = await geoFaults(`{"features":${'['.repeat(8_000_000)}`)
  expect(deep?.detail).toContain('It nests deeper than 64 levels.')
  const [many] = await geoFaults(`{${'"a":1,'.repeat(1_000_000)}"b":1}`)
  expect(many?.detail).toContain('It has more than 1000 members.')
  const [spaces] = await geoFaults(
    `{"features":${' '.repeat(2_000_000)}x${'[]'.repeat(1_000_000)}}`,
  )
  expect(spaces?.code).toBe('unreadable')
})

test('fifty thousand features are read, and not one more', async () => {
  const list = (count: number) =>
    featureCollection(...Array.from({ length: count }, () => pointFeature([1, 2])))
  expect((await readGeo(list(50_000))).featureCount).toBe(50_000)
  expect(await geoFaults(list(50_001))).toMatchObject([{ code: 'too_many' }])
})
