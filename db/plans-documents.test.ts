import { sql } from 'drizzle-orm'
import { beforeAll, expect, test } from 'vitest'
import { listDocuments } from '../functions/documents/queries.ts'
import { firstPosition } from '../functions/search/order.ts'
import { findHits } from '../functions/search/queries.ts'
import { openFirstPlans } from '../test/harness/first-plans.ts'
import { rowsRead } from '../test/harness/rows-read.ts'
import { createTenant } from '../test/harness/tenants.ts'
import type { Database } from './client.ts'
import { listExpiredTrash } from './system.ts'

const documentCount = 10_000

let database: Database
let tenantId: string

/** What the routes ask, each of it as they ask it. */
const asked = {
  list: () => list({}),
  trash: () => list({ isTrashed: true }),
  tag: () => list({ tags: ['rare'] }),
  tags: () => list({ tags: ['often', 'rare'] }),
  searchTag: () => search(['rare']),
  emptying: () => listExpiredTrash(database.db, { before: new Date(0), limit: 100 }),
}

const list = (of: { isTrashed?: boolean; tags?: string[] }) =>
  listDocuments(database.db, {
    ...{ tenantId, filter: {}, isTrashed: false, tags: [], before: null, limit: 21, ...of },
  })

const search = (tags: string[]) =>
  findHits(database.db, {
    reader: { tenantId, userId: tenantId, role: 'viewer' },
    ...{
      query: { type: 'lexeme', lexeme: 'common' },
      filter: { tags },
      position: firstPosition(['page']),
      limit: 20,
    },
  })

// On one connection, whose plans are those of the empty tables: of the sixth run on, one plan for all values.
beforeAll(async () => {
  database = await openFirstPlans()
  const { db } = database
  const tenant = await createTenant(db)
  tenantId = tenant.id
  await db.execute(sql`vacuum (analyze) documents, document_pages, document_tags, blobs`)
  for (let time = 0; time < 8; time += 1) for (const ask of Object.values(asked)) await ask()
  await db.execute(sql`
    insert into blobs (tenant_id, sha256, storage_key, bytes)
    select ${tenantId}::uuid, sha256(n::text::bytea), n, 1 from generate_series(1, ${documentCount}::int) n`)
  // A twentieth in the trash; the rare tag is that of a thousandth.
  await db.execute(sql`
    insert into documents (tenant_id, id, user_id, sha256, revision, filename, media_type, kind, job_id, trashed_at)
    select ${tenantId}::uuid, gen_random_uuid(), ${tenant.admin.id}::uuid, sha256(n::text::bytea), n, 'f', 'm', 'pdf', gen_random_uuid(),
      case when n % 20 = 1 then now() end from generate_series(1, ${documentCount}::int) n`)
  await db.execute(sql`
    insert into document_pages (tenant_id, document_id, number, text, words)
    select tenant_id, id, 1, 'common ' || revision, '' from documents where tenant_id = ${tenantId}`)
  await db.execute(sql`
    insert into document_tags (tenant_id, document_id, folded, name)
    select d.tenant_id, d.id, tag, tag from documents d, unnest(array['often', 'rare']) tag
    where d.tenant_id = ${tenantId} and (tag = 'often' or d.revision % 1000 = 0)`)
}, 60_000)

const documentsRead = (work: () => Promise<unknown>) =>
  rowsRead(database.db, ['documents', 'document_pages', 'document_tags', 'blobs'], work)

test.each([
  ['list', 500],
  ['trash', 500],
  ['tag', 500],
  ['tags', 200_000],
  ['emptying', 500],
  ['searchTag', 2_000],
] as const)('plans made on empty tables: %s reads at most %i rows', async (name, rowsMax) => {
  expect(await documentsRead(asked[name])).toBeLessThan(rowsMax)
})
