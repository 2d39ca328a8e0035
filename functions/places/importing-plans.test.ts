import { sql } from 'drizzle-orm'
import { beforeAll, expect, test } from 'vitest'
import type { Database } from '../../db/client.ts'
import { featureCollection, type Imported, pointFeature } from '../../test/fixtures/geo.ts'
import { openFirstPlans } from '../../test/harness/first-plans.ts'
import { bodyOf, type Requests, requestsOf } from '../../test/harness/requests.ts'
import { rowsRead } from '../../test/harness/rows-read.ts'
import { setup } from '../../test/harness/setup.ts'
import { createTenant, type TestTenant } from '../../test/harness/tenants.ts'
import { createApp } from './index.ts'

const placesCount = 5_000

let database: Database
let tenant: TestTenant
let requests: Requests

// On one connection, whose plans are then those that were made while the table was empty.
beforeAll(async () => {
  database = await openFirstPlans()
  tenant = await createTenant(database.db)
  const { deps } = await setup(createApp)
  requests = requestsOf(createApp({ ...deps, db: database.db }), tenant)
  for (let time = 0; time < 8; time += 1) await bring(time, [1, 2, 10 + time])
  await fill()
})

async function bring(latitude: number, ids: readonly number[]) {
  const points = ids.map((id) => pointFeature([1, latitude], { name: `Place ${id}` }, id))
  const file = JSON.stringify(featureCollection(...points))
  const reply = await requests.post('/import', file, { headers: { 'content-type': 'x/y' } })
  return (await bodyOf<Imported>(reply)).totals
}

/** Others of the same collection, that no import below is about. */
const fill = () =>
  database.db.execute(sql`
    insert into places (tenant_id, id, collection, feature_key, name, longitude, latitude, created_by_user_id, created_at,
      updated_at)
    select ${tenant.id}, gen_random_uuid(), 'places', 'n:' || (1000 + n), 'Place', n % 180, n % 90, ${tenant.admin.id},
      now(), now()
    from generate_series(1, ${placesCount}) n`)

test('an import reads the places that it is about, and not all of a collection that has grown', async () => {
  const read = await rowsRead(database.db, ['places'], async () => {
    expect(await bring(50, [1, 2, 3, 4, 5])).toMatchObject({ created: 3, updated: 2 })
  })
  expect(read).toBeLessThan(100)
})
