import { expect, test } from 'vitest'
import { featureCollection, geo, kmlOf, pointFeature } from '../../test/fixtures/geo.ts'
import { bodyOf } from '../../test/harness/requests.ts'

const named = (name: string, id?: string | number, at: unknown = [1, 2]) =>
  pointFeature(at, { name }, id)

test('a file with ids brings its changes, and only what changed has a new version', async () => {
  const { bring, all } = await geo()
  await bring(featureCollection(named('A', 1), named('B', 'b'), named('C', 3)))
  const { totals } = await bring(
    featureCollection(named('A', 1), named('B2', 'b', [3, 4, 5]), named('D', 4)),
  )
  expect(totals).toMatchObject({ features: 3, created: 1, updated: 1, unchanged: 1 })
  expect(await all()).toMatchObject([
    { name: 'A', feature_id: 1, version: 1 },
    { name: 'B2', feature_id: 'b', version: 2, longitude: 3, altitude_m: 5 },
    { name: 'C', version: 1 },
    { name: 'D', version: 1 },
  ])
})

test('features without ids are themselves again, however often the same stands in a file', async () => {
  const { bring, all } = await geo()
  const file = featureCollection(named('A'), named('A'), named('B'), named('A'))
  expect((await bring(file)).totals).toMatchObject({ created: 4 })
  const before = await all()
  expect((await bring(file)).totals).toMatchObject({ created: 0, updated: 0, unchanged: 4 })
  expect((await bring(featureCollection(named('A'), named('B')))).totals).toMatchObject({
    ...{ created: 0, unchanged: 2 },
  })
  expect(await all()).toEqual(before)
})

test('what a file does not say of a place stays: names, aliases and descriptions', async () => {
  const { bring, patch, all } = await geo()
  await bring(featureCollection(pointFeature([1, 2], { pop: 1 }, 'x')))
  const [place] = await all()
  const told = { name: 'Told', aliases: ['Tale'], description: 'By hand.' }
  expect((await patch(`/${place?.id}`, told)).status).toBe(200)
  expect(
    (await bring(featureCollection(pointFeature([1, 2], { pop: 1 }, 'x')))).totals,
  ).toMatchObject({
    unchanged: 1,
  })
  await bring(featureCollection(pointFeature([1, 3], { pop: 2 }, 'x')))
  expect(await all()).toMatchObject([{ ...told, latitude: 3, properties: { pop: 2 }, version: 3 }])
  const said = { name: 'Said', description: 'By file.', alt: 'A|B' }
  await bring(featureCollection(pointFeature([1, 3], said, 'x')), '?alias_properties=alt')
  expect(await all()).toMatchObject([
    { name: 'Said', description: 'By file.', aliases: ['A', 'B'], properties: said },
  ])
})

test('the same file in two collections makes two places', async () => {
  const { bring, all } = await geo()
  await bring(featureCollection(named('A', 1)), '?collection=one')
  await bring(featureCollection(named('A', 1)), '?collection=two')
  expect(await all()).toMatchObject([{ collection: 'one' }, { collection: 'two' }])
})

test('a wrong feature keeps all of its file out', async () => {
  const { refuse, all } = await geo()
  const long = pointFeature([1, 2], { name: 'n'.repeat(501) })
  const large = pointFeature([1, 2], { name: 'Large', text: 'x'.repeat(65_536) })
  const odd = pointFeature([1, 2], { name: 'Odd', text: 'a\u0000b' })
  const file = featureCollection(named('A', 1), long, named('Off', 2, [1, 91]), large, odd)
  const { detail, errors } = await refuse(file)
  expect(detail).toBe('4 places of the file are wrong.')
  expect(errors).toMatchObject([
    {
      pointer: '/features/1',
      code: 'too_long',
      detail: expect.stringMatching(/^"n+" \(features\[1\]\): The name/),
    },
    { pointer: '/features/2/geometry/coordinates', code: 'out_of_range' },
    { pointer: '/features/3/properties', code: 'too_large' },
    { pointer: '/features/4/properties/text', code: 'nul' },
  ])
  expect(await all()).toEqual([])
})

test('a dry run says what would be, with faults as well, and writes nothing', async () => {
  const { bring, refuse, all } = await geo()
  await bring(featureCollection(named('A', 1), named('B', 2)))
  const file = featureCollection(named('A', 1), named('B2', 2), named('C', 3))
  const { dry_run, totals } = await bring(file, '?dry_run=true')
  expect({ dry_run, totals }).toMatchObject({
    ...{ dry_run: true, totals: { created: 1, updated: 1, unchanged: 1 } },
  })
  expect((await all()).map(({ name }) => name)).toEqual(['A', 'B'])
  expect(
    (await refuse(featureCollection(named('A', 1, [200, 0])), '?dry_run=true')).errors,
  ).toHaveLength(1)
})

test('an export that an older one stands beside is one place still: twice in a file it is refused', async () => {
  const { bring, refuse, features } = await geo()
  await bring(featureCollection(named('A')))
  const [exported] = await features()
  const { detail } = await refuse(featureCollection(named('A'), exported))
  expect(detail).toBe(
    '"A" (features[0]) and "A" (features[1]) stand for the same place of the collection.',
  )
})

test.each([
  ['application/geo+json', 'geojson'],
  ['application/json', 'geojson'],
  ['application/vnd.google-earth.kml+xml', 'kml'],
  ['application/x-www-form-urlencoded', 'geojson'],
  ['application/x-www-form-urlencoded', 'kml'],
])('a file sent as %s is read as %s', async (type, format) => {
  const { send } = await geo()
  const file = format === 'kml' ? kmlOf('') : featureCollection()
  expect((await send(file, '', { headers: { 'content-type': type } })).status).toBe(200)
})

test('a form around a file is refused, with what to send in its place', async () => {
  const { send } = await geo()
  const reply = await send(featureCollection(), '', {
    headers: { 'content-type': 'multipart/form-data; boundary=x' },
  })
  expect(reply.status).toBe(415)
  expect(await bodyOf(reply)).toMatchObject({ hint: expect.stringContaining('--data-binary') })
})

test('the format that is asked for is the one that is read', async () => {
  const { refuse, send } = await geo()
  expect((await refuse(featureCollection(), '?format=kml')).detail).toMatch(/^line 1, column \d/)
  expect((await refuse(kmlOf(''), '?format=geojson')).detail).toContain('It is no JSON object.')
  expect((await refuse('')).detail).toBe('The file is empty.')
  expect((await send('{}', '?format=csv')).status).toBe(422)
  expect((await send('{}', '?collection=')).status).toBe(422)
})

test('a body that is too large is a 413, announced or not', async () => {
  const { send } = await geo({ config: { uploadBytesMax: 64 * 1024 * 1024 } })
  const large = new Uint8Array(16 * 1024 * 1024 + 1).fill(0x20)
  expect((await send(large)).status).toBe(413)
  const unannounced = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(large)
      controller.close()
    },
  })
  expect((await send(unannounced)).status).toBe(413)
})

test('viewers do not import, and what one tenant has is no other’s', async () => {
  const { send, bring, otherTenant, features } = await geo()
  const file = JSON.stringify(featureCollection(named('A', 1)))
  expect((await send(file, '', { as: 'viewer' })).status).toBe(403)
  expect((await send(file, '', { as: 'nobody' })).status).toBe(401)
  await bring(file)
  const [ours] = await features()
  const theirs = await otherTenant.get('/export')
  expect(await bodyOf<object>(theirs)).toEqual({ type: 'FeatureCollection', features: [] })
  const reply = await otherTenant.post('/import', JSON.stringify(featureCollection(ours)))
  expect(await bodyOf<object>(reply)).toMatchObject({ totals: { created: 1, updated: 0 } })
})

test('a key of idempotency replays the reply, and refuses another file or collection', async () => {
  const { send, all } = await geo()
  const headers = { 'idempotency-key': crypto.randomUUID() }
  const file = featureCollection(named('A'))
  const first = await bodyOf(await send(file, '', { headers }))
  const again = await send(file, '', { headers })
  expect(again.headers.get('idempotency-replayed')).toBe('true')
  expect(await bodyOf(again)).toEqual(first)
  expect((await send(featureCollection(named('B')), '', { headers })).status).toBe(422)
  expect((await send(file, '?collection=other', { headers })).status).toBe(422)
  expect(await all()).toHaveLength(1)
})
