import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { addPoints, type GlobePoint, greatCircleMetres } from '../../test/fixtures/globe.ts'
import { bodyOf } from '../../test/harness/requests.ts'
import { setup } from '../../test/harness/setup.ts'
import { createApp } from './index.ts'

type Near = { id: string; name: string; distance_m: number; longitude: number; latitude: number }

async function mapped(points: readonly GlobePoint[]) {
  const world = await setup(createApp)
  const rows = await addPoints(world.db, { tenantId: world.tenant.id, points })
  const nearest = async ({ longitude, latitude }: GlobePoint, more = '') => {
    const path = `/nearest?longitude=${longitude}&latitude=${latitude}${more}`
    const reply = await world.get(path, { as: 'viewer' })
    expect(reply.status, path).toBe(200)
    return (await bodyOf<{ items: Near[] }>(reply)).items
  }
  return { ...world, rows, nearest }
}

const micrometres = 6 // decimals of a metre

/** The nearest are those that measuring every single place finds. */
function expectNearest(items: readonly Near[], from: GlobePoint, points: readonly GlobePoint[]) {
  const all = points.map((point) => greatCircleMetres(from, point)).sort((a, b) => a - b)
  for (const [index, item] of items.entries()) {
    expect(item.distance_m).toBeCloseTo(greatCircleMetres(from, item), micrometres)
    expect(item.distance_m).toBeCloseTo(all[index] ?? Number.NaN, micrometres)
    expect(item.distance_m).toBeGreaterThanOrEqual(items[index - 1]?.distance_m ?? 0)
  }
}

const longitude = fc.oneof(
  fc.constantFrom(-180, 180, 0, 90, -90),
  fc.double({ min: -180, max: 180, noNaN: true }),
)
const latitude = fc.oneof(
  fc.constantFrom(-90, 90, 0),
  fc.double({ min: -90, max: 90, noNaN: true }),
)
const point = fc.record({ longitude, latitude })

test('the nearest are those that measuring all finds, from anywhere, at the poles and across the antimeridian', async () => {
  const points = fc.sample(point, { numRuns: 700, seed: 11 })
  const { nearest } = await mapped(points)
  const limit = fc.constantFrom(1, 3, 10, 100)
  const few = fc.constantFrom(
    { longitude: 12, latitude: 90 },
    { longitude: 180, latitude: -90 },
    { longitude: 179.999999, latitude: 0 },
    { longitude: -180, latitude: 45 },
  )
  await fc.assert(
    fc.asyncProperty(fc.oneof(point, few), limit, async (from, count) => {
      const items = await nearest(from, `&limit=${count}`)
      expect(items).toHaveLength(count)
      expectNearest(items, from, points)
    }),
    { numRuns: 120 },
  )
}, 30_000)

const folder = join(process.env.CORPUS_DIR ?? '../shared/data', 'geo')

test('of the populated places of the world the nearest are those that measuring all finds', async ({
  skip,
}) => {
  const file = readWorld()
  if (file === null) return skip('no sample files: set CORPUS_DIR to their folder')
  expect(file).toHaveLength(243)
  const { nearest } = await mapped(file)
  for (const from of file) {
    const items = await nearest(from, '&limit=5')
    expect(items[0]?.distance_m).toBe(0)
    expectNearest(items, from, file)
  }
}, 30_000)

type Feature = { geometry: { coordinates: [number, number] }; properties: { name: string } }

function readWorld(): GlobePoint[] | null {
  try {
    const text = readFileSync(join(folder, 'ne_110m_populated_places_simple.json'), 'utf8')
    return (JSON.parse(text) as { features: Feature[] }).features.map(
      ({ geometry: { coordinates }, properties: { name } }) => ({
        ...{ longitude: coordinates[0], latitude: coordinates[1], name },
      }),
    )
  } catch {
    return null
  }
}

test('one point written in several ways is one: its places are as far, and come by age', async () => {
  const { nearest } = await mapped([
    { longitude: 180, latitude: 0 },
    { longitude: -180, latitude: 0 },
    { longitude: 180, latitude: 0 },
    { longitude: 7, latitude: 90 },
    { longitude: -100, latitude: 90 },
  ])
  const names = async (from: GlobePoint, more = '') =>
    (await nearest(from, more)).map(({ name, distance_m }) => [name, Math.round(distance_m)])
  const far = 10_007_557 // a quarter of the way round
  const date = ['Place 0', 'Place 1', 'Place 2']
  const pole = ['Place 3', 'Place 4']
  const at = (distance: number) => (name: string) => [name, distance]
  const fromDate = [...date.map(at(0)), ...pole.map(at(far))]
  expect(await names({ longitude: -180, latitude: 0 })).toEqual(fromDate)
  expect(await names({ longitude: 180, latitude: 0 }, '&limit=2')).toEqual(fromDate.slice(0, 2))
  expect((await names({ longitude: 0, latitude: 90 })).slice(0, 2)).toEqual(pole.map(at(0)))
})

test('distances hold from a hundredth of a millimetre to the other side of the globe', async () => {
  const degree = (6_371_008.8 * Math.PI) / 180
  const { nearest } = await mapped([
    { longitude: 20 + 1e-10, latitude: 0 },
    { longitude: 20 + 1e-5, latitude: 0 },
    { longitude: -160 + 1e-7, latitude: 0 },
    { longitude: -160, latitude: 0 },
  ])
  const found = await nearest({ longitude: 20, latitude: 0 })
  const [tiny, small, nearlyFarthest, farthest] = found.map(({ distance_m }) => distance_m)
  expect(tiny).toBeCloseTo(degree * 1e-10, 8)
  expect(small).toBeCloseTo(degree * 1e-5, 6)
  expect(farthest).toBeCloseTo(degree * 180, 6)
  expect((farthest ?? 0) - (nearlyFarthest ?? 0)).toBeCloseTo(degree * 1e-7, 6)
})

test('none is farther than what was asked for, and one that is just as far is there', async () => {
  const around = { longitude: 10, latitude: 50 }
  const points = [0.001, 0.01, 0.1, 1].map((north) => ({ longitude: 10, latitude: 50 + north }))
  const { nearest } = await mapped(points)
  const [, second] = await nearest(around)
  const within = async (metres: number) =>
    (await nearest(around, `&max_distance_m=${metres}`)).length
  expect(await within(second?.distance_m ?? 0)).toBe(2)
  expect(await within((second?.distance_m ?? 0) * (1 - 1e-9))).toBe(1)
  expect([await within(0), await within(20_037_508), await within(999_999_999)]).toEqual([0, 4, 4])
})

test('only those of a collection are looked at, and none of another tenant', async () => {
  const { nearest, otherTenant } = await mapped([
    { longitude: 0, latitude: 0, collection: 'towns' },
    { longitude: 90, latitude: 0, collection: 'airports' },
  ])
  const found = await nearest({ longitude: 0, latitude: 0 }, '&collection=airports')
  expect(found.map(({ name }) => name)).toEqual(['Place 1'])
  const theirs = await otherTenant.get('/nearest?longitude=0&latitude=0')
  expect(await bodyOf(theirs)).toEqual({ items: [] })
})

test.each([
  ['latitude=1', '/longitude'],
  ['longitude=&latitude=1', '/longitude'],
  ['longitude=181&latitude=1', '/longitude'],
  ['longitude=1&latitude=-90.1', '/latitude'],
  ['longitude=1&latitude=NaN', '/latitude'],
  ['longitude=1&latitude=1&limit=101', '/limit'],
  ['longitude=1&latitude=1&max_distance_m=-1', '/max_distance_m'],
  ['longitude=1&latitude=1&max_distance_m=Infinity', '/max_distance_m'],
])('nearest?%s is refused, and %s is what is wrong', async (query, pointer) => {
  const { get } = await setup(createApp)
  const reply = await get(`/nearest?${query}`)
  expect(reply.status).toBe(422)
  const { errors } = await bodyOf<{ errors: { pointer: string }[] }>(reply)
  expect(errors.map((fault) => fault.pointer)).toEqual([pointer])
})

test('what is no number of degrees is told so', async () => {
  const { get } = await setup(createApp)
  for (const query of ['', '?longitude=&latitude=', '?longitude=west&latitude=north']) {
    const { errors } = await bodyOf<{ errors: object[] }>(await get(`/nearest${query}`))
    expect(errors).toMatchObject([
      { pointer: '/longitude', detail: 'Must be a number.' },
      { pointer: '/latitude', detail: 'Must be a number.' },
    ])
  }
})
