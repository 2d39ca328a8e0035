import { and, eq, sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { documents } from '../../db/schema/index.ts'
import { batchKinds, batchRoutes, damagedPdf, soundPdf } from '../../test/fixtures/batches.ts'
import { startWorker } from '../../test/fixtures/worker.ts'

async function withWorker() {
  const world = await startWorker({ handlers: batchKinds })
  return { ...world, ...batchRoutes(world) }
}

test('damaged documents of a batch fail by themselves, and all others are read, in a stable order', async () => {
  const world = await withWorker()
  const { db, tenant, create, ended, items, addDocuments, recount } = world
  const files = Array.from({ length: 20 }, (_, index) => (index % 7 === 3 ? damagedPdf : soundPdf))
  const ids = await addDocuments(files)
  const batch = await create({ name: 'Again', operation: 'extract', document_ids: ids })
  expect(batch).toMatchObject({ status: 'running', counts: { total: 20, queued: 20 } })
  const end = await ended(batch.id)
  expect(end).toMatchObject({ status: 'completed', counts: { completed: 17, failed: 3 } })
  expect(end.counts).toEqual(await recount(batch.id))
  const list = await items(batch.id)
  expect(list.map((item) => item.document_id)).toEqual(ids)
  expect(list.filter((item) => item.status === 'failed')).toMatchObject(
    [3, 10, 17].map((position) => ({ position, attempts: 1, error: { code: 'damaged' } })),
  )
  const runs = await db.execute<{ count: number }>(sql`
    select count(*)::int as count from job_history
    where tenant_id = ${tenant.id} and kind = 'documents.extract' group by subject_id`)
  expect([...runs].map(({ count }) => count)).toEqual(ids.map(() => 1))
  const read = and(eq(documents.tenantId, tenant.id), eq(documents.status, 'completed'))
  expect(await db.$count(documents, read)).toBe(17)
})
