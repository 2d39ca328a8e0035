import { sql } from 'drizzle-orm'
import { beforeAll, expect, test } from 'vitest'
import type { Database } from '../../db/client.ts'
import { addPlace } from '../../test/fixtures/places.ts'
import { addDocument } from '../../test/harness/documents.ts'
import { openFirstPlans } from '../../test/harness/first-plans.ts'
import { bodyOf, type Requests, requestsOf } from '../../test/harness/requests.ts'
import { rowsRead } from '../../test/harness/rows-read.ts'
import { setup } from '../../test/harness/setup.ts'
import { createTenant, type TestTenant } from '../../test/harness/tenants.ts'
import { createApp } from './index.ts'

const ownCount = 10_000
const othersCount = 40_000
const zooCount = 20

let database: Database
let tenant: TestTenant
let requests: Requests
let documentId: string
let placeId: string

// On one connection, whose plans are then those that were made while the tables were empty.
beforeAll(async () => {
  database = await openFirstPlans()
  const { db } = database
  tenant = await createTenant(db)
  await db.execute(sql`vacuum (analyze) places, place_documents, documents`)
  const who = { tenantId: tenant.id, userId: tenant.admin.id }
  placeId = (await addPlace(db, { ...who, collection: 'zoo', latitude: -80 })).id
  documentId = (await addDocument(db, { ...who, pages: [] })).id
  const { deps } = await setup(createApp)
  requests = requestsOf(createApp({ ...deps, db }), tenant)
  for (let time = 0; time < 8; time += 1)
    for (const [path] of [...reads, ...readsByKey])
      expect((await read(path)).status, path).toBe(200)
  await fill()
}, 120_000)

/** Most of another tenant; all over the globe, apart from a zoo near the south pole. */
async function fill(): Promise<void> {
  const { db } = database
  const other = await createTenant(db)
  const add = (tenantId: string, count: number, of: { collection: string; south: number }) =>
    db.execute(sql`
      insert into places (tenant_id, id, collection, name, name_keys, longitude, latitude, created_by_user_id, created_at, updated_at)
      select ${tenantId}::uuid, gen_random_uuid(), ${of.collection}, 'Town ' || n, array['town ' || n],
        (n * 137.508)::numeric % 360 - 180, ${of.south}::float8 + (80 - ${of.south}::float8) * (n::float8 / ${count}::float8) * ${of.collection === 'zoo' ? 0.01 : 1}::float8,
        ${tenantId}::uuid, now(), now()
      from generate_series(1, ${count}::int) n`)
  await add(other.id, othersCount, { collection: 'towns', south: -60 })
  await add(tenant.id, ownCount, { collection: 'towns', south: -60 })
  await add(tenant.id, zooCount, { collection: 'zoo', south: -85 })
  await db.execute(sql`
    insert into place_documents (tenant_id, place_id, document_id, source, created_by_user_id, created_at)
    select tenant_id, id, ${documentId}::uuid, 'user', ${tenant.id}::uuid, now() from places
    where tenant_id = ${tenant.id} and collection = 'zoo'`)
}

const read = (path: string) =>
  requests.get(path.replace('DOCUMENT', documentId).replace('PLACE', placeId))

// How many are found, and how many rows a request may read for them: of 10,000 of its own and 40,000 of others.
const reads: [path: string, items: number, rowsMax: number][] = [
  ['?limit=20', 20, 100],
  ['?collection=zoo', 20, 150],
  ['?collection=towns', 20, 150],
  ['?document_id=DOCUMENT', 20, 300],
  ['?bbox=10,10,14,14', 1, 300],
  ['?bbox=179,-90,-179,90', 20, 400],
  ['?bbox=-180,-90,180,90', 20, 2_500],
  ['?bbox=-180,-90,180,-70&collection=zoo', 20, 300],
  ['?q=wn%209876', 1, 300],
  ['?q=town', 20, 12_000], // an index of names gives all that it finds, and a thousand of them are read
  ['/nearest?longitude=10&latitude=10&limit=10', 10, 300],
  ['/nearest?longitude=10&latitude=10&limit=10&max_distance_m=1', 0, 50],
  ['/nearest?longitude=10&latitude=60&limit=10&collection=zoo', 10, 300],
  ['/nearest?longitude=10&latitude=60&limit=10&document_id=DOCUMENT', 10, 400],
]

const readsByKey: typeof reads = [
  ['/PLACE', 1, 20],
  ['/PLACE/documents', 1, 50],
]

test.each(reads)(
  'GET %s finds %i and reads at most %i rows, whatever there is',
  async (path, items, rowsMax) => {
    await expectFew(path, items, rowsMax)
  },
)

// Made for a handful of rows, a plan for one of them takes any index; the next analysis, which comes by itself, replaces it.
test.each(readsByKey)(
  'once the table was analysed GET %s finds %i and reads at most %i rows',
  async (path, items, rowsMax) => {
    await database.db.execute(sql`analyze places`)
    await expectFew(path, items, rowsMax)
  },
)

async function expectFew(path: string, items: number, rowsMax: number): Promise<void> {
  const found = await bodyOf<{ items?: unknown[] }>(await read(path))
  expect(found.items?.length ?? 1).toBeGreaterThanOrEqual(items)
  const count = await rowsRead(database.db, ['places', 'place_documents', 'documents'], () =>
    read(path),
  )
  expect(count).toBeLessThan(rowsMax)
}
