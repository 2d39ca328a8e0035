import { sql } from 'drizzle-orm'
import { beforeAll, expect, test } from 'vitest'
import type { Database } from '../../db/client.ts'
import { Gazetteer } from '../../domain/places/gazetteer.ts'
import { addPlace } from '../../test/fixtures/places.ts'
import { addDocument } from '../../test/harness/documents.ts'
import { openFirstPlans } from '../../test/harness/first-plans.ts'
import { rowsRead } from '../../test/harness/rows-read.ts'
import { createTenant, type TestTenant } from '../../test/harness/tenants.ts'
import {
  findSuggestedPlaces,
  listSuggestionRows,
  type SuggestionFilter,
} from './suggestion-queries.ts'

const placesOfOthers = 50_000
const suggestionCount = 5_000

let database: Database
let tenant: TestTenant
let documentId: string
let placeId: string
let rarePlaceId: string

// On one connection, whose plans are then those that were made while the tables were empty.
beforeAll(async () => {
  database = await openFirstPlans()
  tenant = await createTenant(database.db)
  const other = await createTenant(database.db)
  const owner = { tenantId: tenant.id, userId: tenant.admin.id }
  documentId = (await addDocument(database.db, { ...owner, pages: ['A page.'] })).id
  placeId = (await addPlace(database.db, { ...owner, name: 'Paris' })).id
  rarePlaceId = (await addPlace(database.db, { ...owner, name: 'Oslo' })).id
  for (let time = 0; time < 8; time += 1) await everything()
  await fill(owner.tenantId, 100)
  await fill(other.id, placesOfOthers)
  await suggest()
})

const fill = (tenantId: string, count: number) =>
  database.db.execute(sql`
    insert into places (tenant_id, id, collection, name, name_keys, longitude, latitude, created_by_user_id,
      created_at, updated_at)
    select ${tenantId}, gen_random_uuid(), 'cities', 'Town ' || n, array['town ' || n], n % 180, n % 90,
      ${tenantId}, now(), now()
    from generate_series(1, ${count}::int) n`)

/** Of documents of their own, all of one place; of the document one of each place. */
const suggest = () =>
  database.db.execute(sql`
    with d as (
      insert into documents (tenant_id, id, user_id, sha256, job_id, filename, media_type, kind, revision)
      select tenant_id, gen_random_uuid(), user_id, sha256, job_id, filename, media_type, kind, 1 + n
      from documents, generate_series(1, ${suggestionCount}::int) n
      where tenant_id = ${tenant.id} and id = ${documentId}
      returning id
    )
    insert into place_suggestions (tenant_id, id, document_id, place_id, mention_count, mentions, pages,
      created_at, updated_at)
    select ${tenant.id}, gen_random_uuid(), x.id, x.place_id, 1, '[]', '[]', now(), now()
    from (select id, ${placeId}::uuid as place_id from d
      union all select ${documentId}, unnest(array[${placeId}::uuid, ${rarePlaceId}::uuid])) x`)

const list = (filter: Partial<SuggestionFilter>) =>
  listSuggestionRows(database.db, {
    ...{ tenantId: tenant.id, documentId: undefined, placeId: undefined, state: 'open' },
    ...{ collection: undefined, after: null, limit: 20, ...filter },
  })

const look = (...keys: string[]) =>
  new Gazetteer(database.db, { tenantId: tenant.id, collection: null }).placesOf(keys, () => {})

async function everything() {
  await look('paris')
  await look('paris', 'london')
  for (const filter of [{}, { documentId }, { placeId }]) await list(filter)
  await findSuggestedPlaces(database.db, tenant.id, [placeId])
}

const tables = ['places', 'place_suggestions', 'documents']

test('a name is looked up without reading the places of other tenants', async () => {
  const keys = Array.from({ length: 300 }, (_, index) => `town ${index * 100}`)
  const read = await rowsRead(database.db, tables, async () => {
    expect([...(await look(...keys)).keys()]).toEqual(['town 100'])
    expect([...(await look('town 7')).keys()]).toEqual(['town 7'])
  })
  expect(read).toBeLessThan(1_000)
})

test.each([
  ['of a document', () => ({ documentId }), 2],
  ['of a place', () => ({ placeId }), 20],
  ['of a rare place', () => ({ placeId: rarePlaceId }), 1],
  ['of a tenant', () => ({}), 20],
])('a page of the suggestions %s reads no more than it shows', async (_, filter, count) => {
  const read = await rowsRead(database.db, tables, async () => {
    const rows = await list(filter())
    expect(rows).toHaveLength(count)
    await findSuggestedPlaces(
      database.db,
      tenant.id,
      rows.map((row) => row.placeId),
    )
  })
  expect(read).toBeLessThan(200)
})
