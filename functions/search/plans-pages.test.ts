import { sql } from 'drizzle-orm'
import { beforeAll, expect, test } from 'vitest'
import type { Database } from '../../db/client.ts'
import { eventually } from '../../test/harness/eventually.ts'
import { openFirstPlans } from '../../test/harness/first-plans.ts'
import { addMember } from '../../test/harness/members.ts'
import { createTenant } from '../../test/harness/tenants.ts'
import { blockRowsMax } from './blocks.ts'
import { firstRows } from './newest.ts'
import { firstPosition, type Position } from './order.ts'
import { findHits } from './queries.ts'

const documentCount = 3_000
const pageCount = 10 * documentCount

let database: Database
let reader: { tenantId: string; userId: string; role: 'viewer' }

const find = (word: string, position: Position = firstPosition(['page']), limit = 20) =>
  findHits(database.db, {
    ...{ reader, query: { type: 'lexeme', lexeme: word }, filter: { tags: [] } },
    ...{ position, limit },
  })

// One connection, whose tables were empty when their values were last counted.
beforeAll(async () => {
  database = await openFirstPlans()
  const { db } = database
  const { id: tenantId, admin } = await createTenant(db)
  const { id: userId } = await addMember(db, tenantId, { role: 'viewer' })
  reader = { tenantId, userId, role: 'viewer' }
  await db.execute(sql`vacuum (analyze) documents, document_pages`)
  for (let time = 0; time < 8; time += 1) await find('third')
  await db.execute(sql`insert into blobs (tenant_id, sha256, storage_key, bytes)
    values (${tenantId}::uuid, decode(repeat('00', 32), 'hex'), 'a key', 1)`)
  await db.execute(sql`
    insert into documents (tenant_id, id, user_id, sha256, revision, filename, media_type, kind, status, job_id)
    select ${tenantId}::uuid, (lpad(to_hex(n), 8, '0') || '-0000-7000-8000-000000000000')::uuid, ${admin.id}::uuid,
      decode(repeat('00', 32), 'hex'), n, 'a.txt', 'text/plain', 'text', 'completed', gen_random_uuid()
    from generate_series(1, ${documentCount}::int) n`)
  await db.execute(sql`
    insert into document_pages (tenant_id, document_id, number, words, text)
    select ${tenantId}::uuid, (lpad(to_hex((n + 9) / 10), 8, '0') || '-0000-7000-8000-000000000000')::uuid,
      (n + 9) % 10 + 1, '', concat_ws(' ', 'all', n, case when n % 3 = 0 then 'third' end,
        case when n % 10 = 0 then 'tenth' end, case when n % 50 = 0 then 'fiftieth' end,
        case when n % 1000 = 0 then 'thousandth' end, case when n < ${pageCount}::int / 2 then 'old' end)
    from generate_series(1, ${pageCount}::int) n`)
  await eventually('pages that are known to be seen by all', vacuumPages)
}, 120_000)

/** As the server does by itself: until then, an index alone does not say which rows are there. */
async function vacuumPages(): Promise<boolean> {
  await database.db.execute(sql`vacuum document_pages`)
  const [row] = await database.db.execute<{ isSeen: boolean }>(sql`
    select relallvisible = relpages as "isSeen" from pg_class where relname = 'document_pages'`)
  return row?.isSeen ?? false
}

/** Pages that were read themselves, and not an index alone. */
async function pagesRead(work: () => Promise<unknown>): Promise<number> {
  const counted = async () => {
    await database.db.execute(sql`select pg_stat_force_next_flush()`)
    const [row] = await database.db.execute<{ count: number }>(sql`
      select (seq_tup_read + idx_tup_fetch)::int as count from pg_stat_user_tables
      where relname = 'document_pages'`)
    return row?.count ?? 0
  }
  const before = await counted()
  await work()
  return (await counted()) - before
}

// Those that are looked through first, and what a block is of.
const commonMax = firstRows + 2 * blockRowsMax

test.each([
  ['all', commonMax],
  ['third', commonMax],
  ['tenth', commonMax],
  ['fiftieth', commonMax],
  ['thousandth', blockRowsMax],
  ['none', blockRowsMax],
])('the first hits for "%s" of 30,000 pages take no more than %i of them', async (word, max) => {
  expect(await pagesRead(() => find(word))).toBeLessThanOrEqual(max)
})

test.each(['all', 'third', 'tenth'])(
  'and so do the further hits for "%s" of their block, and those of the next block',
  async (word) => {
    await database.db.execute(sql`analyze document_pages`)
    const { next } = await find(word)
    const further = () => find(word, next ?? undefined)
    expect(await pagesRead(further)).toBeLessThanOrEqual(commonMax)
    const above = next?.places[0]?.bounds.last ?? null
    const nextBlock: Position = {
      places: [{ type: 'page', bounds: { above, last: null } }],
      after: null,
    }
    expect(await pagesRead(() => find(word, nextBlock))).toBeLessThanOrEqual(commonMax)
  },
)

test('a word that is on old pages alone is found, of these the newest', async () => {
  const { hits } = await find('old')
  expect(hits).toHaveLength(20)
  const newest = Math.floor((pageCount / 2 - 1 + 9) / 10)
  const documentNumber = Number.parseInt(hits[0]?.ranked[1].slice(0, 8) ?? '', 16)
  expect(documentNumber).toBeGreaterThan(newest - blockRowsMax / 10 - 1)
})

test.each([
  ['third', 3],
  ['fiftieth', 50],
])('every page with "%s" comes once, the newest blocks first', async (word, share) => {
  const seen: number[] = []
  for (let position: Position | null = firstPosition(['page']); position; ) {
    const { hits, next } = await find(word, position, 250)
    for (const { ranked } of hits)
      seen.push(10 * Number.parseInt(ranked[1].slice(0, 8), 16) - 10 + ranked[2])
    position = next
  }
  const all = Array.from({ length: pageCount / share }, (_, at) => (at + 1) * share)
  expect(seen.toSorted((a, b) => a - b)).toEqual(all)
  const newest = all.slice(-blockRowsMax)
  const documentOf = (page: number) => Math.ceil(page / 10)
  const oldestDocument = documentOf(newest[0] ?? 0)
  expect(seen.slice(0, blockRowsMax).every((page) => documentOf(page) >= oldestDocument)).toBe(true)
})
