import fc from 'fast-check'
import { expect, test } from 'vitest'
import { addPoints, type GlobePoint } from '../../test/fixtures/globe.ts'
import { bodyOf } from '../../test/harness/requests.ts'
import { setup } from '../../test/harness/setup.ts'
import { createApp } from './index.ts'

type Box = { west: number; south: number; east: number; north: number }
type Page = { items: { id: string; name: string }[]; next_cursor: string | null }

async function mapped(points: readonly GlobePoint[]) {
  const world = await setup(createApp)
  const rows = await addPoints(world.db, { tenantId: world.tenant.id, points })
  /** Names of all that is in a box, page by page. */
  const inside = async (box: string, more = '') => {
    const names: string[] = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      const path = `/?bbox=${box}&limit=100${more}${cursor && `&cursor=${cursor}`}`
      const reply = await world.get(path, { as: 'viewer' })
      expect(reply.status, path).toBe(200)
      const page: Page = await bodyOf(reply)
      names.push(...page.items.map(({ name }) => name))
      cursor = page.next_cursor
    }
    return names
  }
  return { ...world, rows, inside }
}

// Of eighths of a degree sums and differences are exact, and so is the model.
const eighths = (degrees: number) => fc.integer({ min: -degrees * 8, max: degrees * 8 })
const longitude = fc.oneof(
  fc.constantFrom(-180, 180, -179.875, 179.875, 0, -90, 90),
  eighths(180).map((n) => n / 8),
)
const latitude = fc.oneof(
  fc.constantFrom(-90, 90, -89.875, 89.875, 0),
  eighths(90).map((n) => n / 8),
)
const point = fc.record({ longitude, latitude })
const box = fc
  .record({ west: longitude, east: longitude, a: latitude, b: latitude })
  .map(({ west, east, a, b }) => ({ west, east, south: Math.min(a, b), north: Math.max(a, b) }))

/** Counted round the globe from the west, as a person would with a finger on it. */
function isInside({ west, south, east, north }: Box, at: GlobePoint): boolean {
  if (at.latitude < south || at.latitude > north) return false
  if (Math.abs(at.latitude) === 90) return true
  const eastwards = (from: number, to: number) => (to - from + 720) % 360
  const width = west === -180 && east === 180 ? 360 : eastwards(west, east)
  return eastwards(west, at.longitude) <= width
}

test('a box has the places that a finger finds on the globe, on pages of any number', async () => {
  const points = fc.sample(point, { numRuns: 1_300, seed: 7 })
  const { inside } = await mapped(points)
  await fc.assert(
    fc.asyncProperty(box, async (sides) => {
      const wanted = points.flatMap((at, index) => (isInside(sides, at) ? [`Place ${index}`] : []))
      const { west, south, east, north } = sides
      expect(await inside(`${west},${south},${east},${north}`)).toEqual(wanted)
    }),
    { numRuns: 80, examples: [[{ west: -180, south: -90, east: 180, north: 90 }]] },
  )
}, 60_000)

const edges = [
  { name: 'Taveuni', longitude: 180, latitude: -16.8 },
  { name: 'Wrangel', longitude: -180, latitude: 71.2 },
  { name: 'Suva', longitude: 178.44, latitude: -18.14 },
  { name: 'Apia', longitude: -171.77, latitude: -13.83 },
  { name: 'Pole', longitude: 12, latitude: 90 },
  { name: 'Null', longitude: 0, latitude: 0 },
]

test.each([
  ['170,-20,-170,-10', ['Taveuni', 'Suva', 'Apia']],
  ['-180,-20,-170,-10', ['Taveuni', 'Apia']],
  ['170,70,180,72', ['Wrangel']],
  ['180,-90,-180,90', ['Taveuni', 'Wrangel', 'Pole']],
  ['0,0,0,0', ['Null']],
  ['-40,80,-30,90', ['Pole']],
  ['-180,-90,180,90', ['Taveuni', 'Wrangel', 'Suva', 'Apia', 'Pole', 'Null']],
  ['179,-20,178.44,-10', ['Taveuni', 'Suva', 'Apia']],
  ['1e1,+80,.5,8.9e1', []],
])('the box %s has %j', async (sides, names) => {
  const { inside } = await mapped(edges)
  expect(await inside(encodeURIComponent(sides))).toEqual(names)
})

test.each([
  ['1,2,3', /four numbers/],
  ['1,2,3,4,5,6', /four numbers/],
  ['1,2,,4', /four numbers/],
  ['1,2,3,x', /four numbers/],
  ['NaN,0,1,1', /four numbers/],
  ['Infinity,0,1,1', /four numbers/],
  ['0,0,1e999,1', /longitudes/],
  ['-181,0,1,1', /longitudes/],
  ['0,0,1,90.5', /latitudes/],
  ['0,10,1,9', /south/],
])('the box %s is refused, and the reason is told', async (sides, reason) => {
  const { get } = await setup(createApp)
  const reply = await get(`/?bbox=${encodeURIComponent(sides)}`)
  expect(reply.status).toBe(422)
  const problem = await bodyOf<{ errors: unknown[] }>(reply)
  const fault = { in: 'query', pointer: '/bbox', detail: expect.stringMatching(reason) }
  expect(problem.errors).toMatchObject([fault])
})

test('a box is narrowed by a collection and a part of a name, and another tenant sees nothing of it', async () => {
  const { inside, otherTenant } = await mapped([
    { longitude: 1, latitude: 1, name: 'São Tomé', collection: 'capitals' },
    { longitude: 1, latitude: 1, name: 'Santo António', collection: 'towns' },
    { longitude: 50, latitude: 1, name: 'Sao Far', collection: 'capitals' },
  ])
  expect(await inside('0,0,2,2', '&collection=capitals')).toEqual(['São Tomé'])
  expect(await inside('0,0,2,2', '&q=SAO')).toEqual(['São Tomé'])
  const theirs = await bodyOf<Page>(await otherTenant.get('/?bbox=0,0,2,2'))
  expect(theirs.items).toEqual([])
})
