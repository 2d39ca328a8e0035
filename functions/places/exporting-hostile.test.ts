import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  type Feature,
  featureCollection,
  geo,
  type Place,
  pointFeature,
} from '../../test/fixtures/geo.ts'
import { bodyOf } from '../../test/harness/requests.ts'

const pieces = [
  ...[
    ']]>',
    '<',
    '>',
    '&',
    '&amp;',
    '&#0;',
    '"',
    "'",
    '<![CDATA[',
    '-->',
    '<?',
    '\\',
    '/',
    '%00',
    '\u00a0',
  ],
  ...[
    '😀',
    '👩‍👩‍👧',
    'שלום',
    'مرحبا',
    '\u202eabc',
    '\u2028',
    '\ufeff',
    'é',
    '\u0301',
    '\u0085',
    '\u007f',
  ],
  ...[
    '\t',
    '\r',
    '\n',
    '\r\n',
    ' ',
    '  ',
    '\u0001',
    '\u001f',
    '\ufffe',
    '\uffff',
    'name',
    'a',
    '0',
    '{"a":1}',
  ],
]
const text = fc.oneof(
  fc.array(fc.constantFrom(...pieces), { maxLength: 6 }).map((parts) => parts.join('')),
  fc.string({ unit: 'grapheme', maxLength: 12 }),
)
const key = fc.oneof(text, fc.constantFrom('name', 'description', 'alt', 'address', 'folders'))
const value = fc.oneof(text, fc.jsonValue({ maxDepth: 2 }), fc.constant(null))
const metres = fc.double({ noNaN: true, noDefaultInfinity: true })
const degrees = (max: number) => fc.double({ min: -max, max, noNaN: true })
const feature = fc
  .record({
    id: fc.option(fc.oneof(text, fc.integer(), metres), { nil: undefined }),
    at: fc.oneof(fc.tuple(degrees(180), degrees(90)), fc.tuple(degrees(180), degrees(90), metres)),
    properties: fc.dictionary(
      key.filter((name) => name !== '__proto__'),
      value,
      { maxKeys: 6, noNullPrototype: true },
    ),
  })
  .map(({ id, at, properties }) => storable(pointFeature(at, properties, id)))

/** As JSON and Postgres can say it: without NUL, and without the sign of zero. */
const storable = (given: Feature): Feature =>
  JSON.parse(JSON.stringify(given).replaceAll('\\u0000', ''))

const file = fc.uniqueArray(feature, {
  ...{ minLength: 1, maxLength: 5 },
  selector: ({ id }) => `${typeof id} ${id ?? Math.random()}`,
})

const exactly = ({ geometry, properties }: Feature) => ({ geometry, properties })

test('whatever a file says comes out as GeoJSON and KML as it went in, and comes back without a change', async () => {
  const { bring, features, exported, get } = await geo()
  const placesOf = async (collection: string) => {
    const { items } = await bodyOf<{ items: Place[] }>(await get(`/?collection=${collection}`))
    return items.map(
      ({ name, aliases, description, longitude, latitude, altitude_m, properties }) => ({
        ...{ name, aliases, description, longitude, latitude, altitude_m, properties },
      }),
    )
  }
  let run = 0
  const promise = fc.asyncProperty(file, async (given) => {
    run += 1
    const query = `?collection=a${run}`
    await bring(featureCollection(...given), `${query}&alias_properties=alt`)
    const before = await placesOf(`a${run}`)
    expect((await features(query)).map(exactly)).toEqual(given.map(exactly))
    for (const format of ['geojson', 'kml']) {
      const written = await exported(`${query}&format=${format}`)
      const { totals } = await bring(written, query)
      expect(totals, written).toMatchObject({ created: 0, updated: 0, unchanged: given.length })
      await bring(written, `?collection=${format}${run}`)
      expect(await placesOf(`${format}${run}`)).toEqual(before)
    }
  })
  await fc.assert(promise, { numRuns: 25 })
})

// biome-ignore lint/suspicious/noControlCharactersInRegex: that there is none is the point.
const notOfXml = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/

test('what people say of a place comes out and comes back, in KML without what XML cannot hold', async () => {
  const { bring, exported, features, post, patch, all } = await geo()
  const text = ' \u0001]]>\ufffe<&>\r\n\t😀 '
  const name = 'مرحبا <&> ]]>'
  const made = { name, aliases: ['a,b', 'c|d', name, 'c|d'], description: text }
  await post('/', { ...made, longitude: 1, latitude: 2, properties: { [text]: text, n: 1 } })
  await bring(featureCollection(pointFeature([3, 4], { name: 'File', description: 5 })))
  const [, place] = await all()
  await patch(`/${place?.id}`, { name: 'Hand', description: 'By hand' })
  const before = await all()
  expect(await features()).toMatchObject([
    {
      properties: { name: made.name, description: text, n: 1 },
      octavo: { added: ['name', 'description'], aliases: made.aliases },
    },
    { properties: { name: 'File', description: 5 }, octavo: { name: 'Hand' } },
  ])
  for (const format of ['geojson', 'kml']) {
    const written = await exported(`?collection=places&format=${format}`)
    if (format === 'kml') expect(written.search(notOfXml)).toBe(-1)
    expect((await bring(written)).totals).toMatchObject({ created: 0, updated: 0, unchanged: 2 })
    await bring(written, `?collection=${format}`)
  }
  expect((await all()).slice(0, 2)).toEqual(before)
})

test('a zero keeps its sign, and the smallest and the largest double their bits', async () => {
  const { bring, exported } = await geo()
  const positions = [
    '-0,0,-0',
    '5e-324,-5e-324',
    '-179.99999999999997,89.99999999999999,1.7976931348623157e+308',
  ]
  const points = positions.map(
    (at) => `{"type":"Feature","properties":{},"geometry":{"type":"Point","coordinates":[${at}]}}`,
  )
  await bring(`{"type":"FeatureCollection","features":[${points.join(',')}]}`)
  const coordinates = [...(await exported()).matchAll(/"coordinates":\[(.*?)\]/g)].map(
    ([, at]) => at,
  )
  expect(coordinates).toEqual(positions)
})
