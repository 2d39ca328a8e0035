import { sql } from 'drizzle-orm'
import { beforeAll, expect, test } from 'vitest'
import type { Database } from '../../db/client.ts'
import { addDocument } from '../../test/harness/documents.ts'
import { openFirstPlans } from '../../test/harness/first-plans.ts'
import { rowsRead } from '../../test/harness/rows-read.ts'
import { createTenant } from '../../test/harness/tenants.ts'
import type { Filter, HitType } from './filters.ts'
import { firstPosition, type RankedHit } from './order.ts'
import { findHits, loadHits } from './queries.ts'

const placeCount = 40_000
const seriesCount = 4_000
const editionsOfEach = 10
const tables = ['places', 'place_documents', 'documents', 'conference_series']
const nobody = [1, '01990000-0000-7000-8000-000000000001', 0] as const
let database: Database
let reader: { tenantId: string; userId: string; role: 'viewer' }

const find = (word: string, type: HitType, more: Partial<Filter> = {}) =>
  findHits(database.db, {
    ...{ reader, query: { type: 'lexeme', lexeme: word }, filter: { tags: [], ...more } },
    ...{ position: firstPosition([type]), limit: 20 },
  })

const fillPlaces = (tenantId: string, userId: string) => sql`
  insert into places (tenant_id, id, collection, name, description, longitude, latitude, created_by_user_id, created_at, updated_at)
  select ${tenantId}::uuid, (lpad(to_hex(n), 8, '0') || '-0000-7000-8000-000000000000')::uuid, 'c', 'place ' || n,
    case when n % 3 = 0 then 'common ' else '' end || case when n % 1000 = 0 then 'rare' else '' end, 0, 0,
    ${userId}::uuid, now(), now() from generate_series(1, ${placeCount}::int) n`

const fillSeries = (tenantId: string) => sql`
  insert into conference_series (tenant_id, id, title, title_key, description, sub, dblp, search_text, created_at, updated_at)
  select ${tenantId}::uuid, (lpad(to_hex(n), 8, '0') || '-0000-7000-8000-000000000000')::uuid, 'C' || n, 'c' || n, '', '', '',
    case when n % 3 = 0 then 'common ' else '' end || case when n % 400 = 0 then 'rare' else '' end, now(), now()
  from generate_series(1, ${seriesCount}::int) n`

const fillDeadlines = (tenantId: string) => sql`
  insert into conference_deadlines (tenant_id, id, series_id, kind, at, estimated_year, estimated_round, basis, updated_at)
  select tenant_id, gen_random_uuid(), id, 'paper', now() + year * interval '1 year', 2000 + year, 1, '{}', now()
  from conference_series, generate_series(1, ${editionsOfEach}::int) year where tenant_id = ${tenantId}`

// One connection, whose plans are those of the empty tables unless each search is planned for itself.
beforeAll(async () => {
  database = await openFirstPlans()
  const { db } = database
  const { id: tenantId, admin } = await createTenant(db)
  reader = { tenantId, userId: admin.id, role: 'viewer' }
  await db.execute(
    sql`vacuum (analyze) places, place_documents, conference_series, conference_deadlines`,
  )
  for (let time = 0; time < 8; time += 1) {
    await find('common', 'place', { documentId: crypto.randomUUID() })
    await find('common', 'conference', { from: new Date() })
    for (const type of ['place', 'conference'] as const) await load([{ type, ranked: nobody }])
  }
  await db.execute(sql`insert into conference_heads (tenant_id) values (${tenantId})`)
  for (const fill of [
    fillPlaces(tenantId, admin.id),
    fillSeries(tenantId),
    fillDeadlines(tenantId),
  ])
    await db.execute(fill)
}, 120_000)

const load = (hits: readonly RankedHit[]) =>
  loadHits(database.db, {
    ...{ reader, hits, now: new Date(), words: { lexemes: ['common'], prefixes: [] } },
  })

test.each([
  ['place', 'common', placeCount / 3 + 2_000],
  ['place', 'rare', 2_000],
  ['conference', 'common', seriesCount + 100],
  ['conference', 'rare', 500],
] as const)('%s: "%s" reads at most %i rows', async (type, word, max) => {
  const work = async () => expect((await find(word, type)).hits.length).toBeGreaterThan(5)
  expect(await rowsRead(database.db, tables, work)).toBeLessThan(max)
})

test.each([
  ['place', 'places'],
  ['conference', 'conference_deadlines'],
] as const)('for what is shown of a %s its own %s are read alone', async (type, table) => {
  const { hits } = await find('common', type)
  const work = async () => expect(await load(hits)).toHaveLength(20)
  expect(await rowsRead(database.db, [table], work)).toBeLessThan(500)
})

test('places of a document are found without reading all that match', async () => {
  const { db } = database
  const { tenantId, userId } = reader
  const { id: documentId } = await addDocument(db, { tenantId, userId, pages: ['nothing'] })
  await db.execute(sql`
    insert into place_documents (tenant_id, place_id, document_id, source, created_by_user_id, created_at)
    select tenant_id, id, ${documentId}::uuid, 'user', ${userId}::uuid, now() from places
    where tenant_id = ${tenantId} order by id limit 100`)
  await db.execute(sql`analyze places, place_documents`)
  const work = async () =>
    expect((await find('common', 'place', { documentId })).hits).toHaveLength(20)
  expect(await rowsRead(db, tables, work)).toBeLessThan(3_000)
})
