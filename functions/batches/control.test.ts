import { and, eq, sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { batchItems, documents, jobs } from '../../db/schema/index.ts'
import { type LeasedJob, leaseJobs } from '../../db/system.ts'
import { beginItem } from '../../domain/batches/items.ts'
import { startItems } from '../../domain/batches/starting.ts'
import { removeDocument } from '../../domain/documents/removal.ts'
import { completeJob, failJob } from '../../domain/jobs/lease.ts'
import { cancelJob } from '../../domain/jobs/queue.ts'
import { redriveJob } from '../../domain/jobs/redrive.ts'
import { batchRoutes, soundPdf } from '../../test/fixtures/batches.ts'
import { claimOf } from '../../test/harness/claims.ts'
import { setup } from '../../test/harness/setup.ts'
import { createApp } from './index.ts'

/** A batch of exports, or of readings, without a worker: what one would do is done by the test. */
async function withBatch(count: number, operation: 'export' | 'extract' = 'export') {
  const bundle = await setup(createApp)
  const { db, tenant } = bundle
  const tenantId = tenant.id
  const routes = batchRoutes(bundle)
  const ids = await routes.addDocuments(Array.from({ length: count }, () => soundPdf))
  const parameters = operation === 'export' ? { format: 'json' } : {}
  const { id } = await routes.create({ operation, parameters, document_ids: ids })
  const start = (after = -1) =>
    db.transaction((tx) => startItems(tx, { tenantId, batchId: id, after }))
  const kind = operation === 'export' ? 'batches.item' : 'documents.extract'
  const lease = (limit = count) => leaseJobs(db, claimOf(kind, { limit, tenantId }))
  const complete = (job: LeasedJob) => db.transaction((tx) => completeJob(tx, job))
  const fail = (job: LeasedJob) =>
    failJob(db, job, { fault: { code: 'broken', message: 'It broke.', isFinal: true }, retryMs: 0 })
  const act = (verb: string, body?: object) => routes.post(`/v1/batches/${id}/${verb}`, body)
  const states = async () => (await routes.items(id)).map((item) => item.status)
  return { ...bundle, ...routes, id, ids, tenantId, start, lease, complete, fail, act, states }
}

type World = Awaited<ReturnType<typeof withBatch>>

const documentStatuses = async ({ db, tenantId }: World) =>
  db
    .select({ status: documents.status, count: sql<number>`count(*)::int` })
    .from(documents)
    .where(eq(documents.tenantId, tenantId))
    .groupBy(documents.status)

test('a cancel ends at once what has not begun, and what runs when its attempt is told', async () => {
  const world = await withBatch(4)
  const { id, act, read, lease, start, complete, db, tenantId } = world
  await start()
  const [first, second] = await lease(2)
  if (!first || !second) throw new Error('nothing was leased')
  await complete(first)
  const response = await act('cancel')
  expect(response.status).toBe(202)
  const counts = { total: 4, queued: 1, running: 0, completed: 1, failed: 0, cancelled: 2 }
  expect(await read(id)).toMatchObject({ status: 'running', cancel_requested: true, counts })
  const mine = and(eq(jobs.tenantId, tenantId), eq(jobs.batchId, id))
  const told = await db.select({ at: jobs.cancelRequestedAt }).from(jobs).where(mine)
  expect(told).toEqual([{ at: expect.any(Date) }])
  expect((await act('retry', { cancelled: true })).status).toBe(409)
  await db.transaction((tx) => completeJob(tx, second)) // it was just done
  expect(await read(id)).toMatchObject({ status: 'cancelled', counts: { completed: 2 } })
  expect((await act('cancel')).status).toBe(409)
})

test('a cancelled batch goes on when it is retried, with what had not completed', async () => {
  const { id, act, read, states, lease, start, complete } = await withBatch(3)
  await start()
  const [first] = await lease(1)
  if (first) await complete(first)
  await act('cancel')
  expect((await act('retry', {})).status).toBe(409) // nothing has failed
  expect((await act('retry', { cancelled: true })).status).toBe(202)
  expect(await read(id)).toMatchObject({ status: 'running', cancel_requested: false })
  await start()
  for (const job of await lease()) await complete(job)
  expect(await states()).toEqual(['completed', 'completed', 'completed'])
  expect(await read(id)).toMatchObject({ status: 'completed', counts: { completed: 3 } })
})

test('a cancel leaves documents as they were that had not been started', async () => {
  const world = await withBatch(130, 'extract')
  const { id, act, read, start } = world
  await start()
  expect(await documentStatuses(world)).toContainEqual({ status: 'pending', count: 100 })
  await act('cancel')
  expect(await read(id)).toMatchObject({ status: 'cancelled', counts: { cancelled: 130 } })
  await start(99)
  const statuses = await documentStatuses(world)
  expect(statuses).toContainEqual({ status: 'completed', count: 30 })
  expect(statuses).toContainEqual({ status: 'cancelled', count: 100 })
})

test('of two retries at once one is accepted, and each failed item is tried once more', async () => {
  const world = await withBatch(3)
  const { id, act, items, lease, start, complete, fail, db, tenantId } = world
  await start()
  const [first, ...others] = await lease()
  if (first) await complete(first)
  for (const job of others) await fail(job)
  const done = (await items(id))[0]
  const replies = await Promise.all([act('retry', {}), act('retry', {})])
  expect(replies.map(({ status }) => status).sort()).toEqual([202, 409])
  await start()
  await start() // the first start may come again
  const again = await items(id)
  expect(again[0]).toEqual(done)
  expect(again.map((item) => [item.status, item.attempts])).toEqual([
    ['completed', 1],
    ['queued', 2],
    ['queued', 2],
  ])
  const open = and(eq(jobs.tenantId, tenantId), eq(jobs.batchId, id))
  expect(await db.$count(jobs, open)).toBe(2)
})

test('the counts are those of the items, whatever ends, fails and is cancelled at once', async () => {
  const world = await withBatch(60)
  const { db, id, act, read, recount, lease, start, complete, fail } = world
  await start()
  const leased = await lease(40)
  const ends = leased.map(async (job, index) => {
    if (index % 2 === 0) await beginItem(db, job)
    await (index % 3 === 0 ? fail(job) : complete(job))
  })
  const cancelled = act('cancel')
  await Promise.allSettled([...ends, cancelled])
  const { counts, status } = await read(id)
  expect(counts).toEqual(await recount(id))
  expect(counts).toMatchObject({ total: 60, failed: 14, completed: 26, cancelled: 20 })
  expect(status).toBe('cancelled')
})

test('an item of a document that was deleted fails, before and after its start', async () => {
  const world = await withBatch(3, 'extract')
  const { id, ids, items, lease, start, complete, db, tenantId, read } = world
  const remove = (documentId = '') =>
    db.transaction((tx) =>
      removeDocument(tx, { tenantId, documentId, requestId: null, versions: null }),
    )
  await remove(ids[0])
  await start()
  await remove(ids[1])
  const gone = { status: 'failed', error: { code: 'document_gone' } }
  expect(await items(id)).toMatchObject([gone, gone, { status: 'queued', error: null }])
  for (const job of await lease()) await complete(job)
  expect(await read(id)).toMatchObject({ status: 'completed', counts: { failed: 2, completed: 1 } })
})

test('an item of a document in the trash fails at its start, and the document is left alone', async () => {
  const world = await withBatch(2, 'extract')
  const { id, ids, items, start, db, tenantId } = world
  await db.execute(sql`
    update documents set trashed_at = now() where tenant_id = ${tenantId} and id = ${ids[0]}`)
  await start()
  expect(await items(id)).toMatchObject([
    { status: 'failed', attempts: 1, error: { code: 'document_trashed' }, job_id: null },
    { status: 'queued', attempts: 1, error: null },
  ])
  expect(await documentStatuses(world)).toContainEqual({ status: 'completed', count: 1 })
})

test('an item whose own job is cancelled says so, and may be retried', async () => {
  const { id, act, items, start, db, tenantId } = await withBatch(1)
  await start()
  const [item] = await items(id)
  await db.transaction((tx) => cancelJob(tx, { tenantId, id: item?.job_id ?? '' }))
  expect(await items(id)).toMatchObject([{ status: 'cancelled', error: { code: 'job_cancelled' } }])
  expect((await act('retry', {})).status).toBe(409)
  expect((await act('retry', { cancelled: true })).status).toBe(202)
})

test('an item whose failed job is redriven alone follows it', async () => {
  const { id, items, read, recount, lease, start, complete, fail, db, tenantId } =
    await withBatch(2)
  await start()
  for (const job of await lease()) await fail(job)
  const [first] = await items(id)
  await db.transaction((tx) => redriveJob(tx, { tenantId, id: first?.job_id ?? '' }))
  for (const job of await lease()) await complete(job)
  expect(await items(id)).toMatchObject([
    { status: 'completed', error: null },
    { status: 'failed' },
  ])
  const { status, counts } = await read(id)
  expect([status, counts]).toEqual(['completed', await recount(id)])
})

test('two batches of the same documents at once end, each with an end for every item', async () => {
  const world = await withBatch(20, 'extract')
  const { ids, id, create, read, recount, start, lease, complete, db, tenantId } = world
  const other = await create({ operation: 'extract', document_ids: ids.toReversed() })
  const startOther = () =>
    db.transaction((tx) => startItems(tx, { tenantId, batchId: other.id, after: -1 }))
  await Promise.all([start(), startOther()])
  const leased = await lease(40)
  expect(leased).toHaveLength(20)
  await Promise.all(leased.map(complete))
  for (const batchId of [id, other.id]) {
    const { status, counts } = await read(batchId)
    expect(status).toBe('completed')
    expect(counts).toEqual(await recount(batchId))
  }
  const statuses = [(await read(id)).counts, (await read(other.id)).counts]
  expect(statuses.map(({ completed }) => completed).sort((a, b) => a - b)).toEqual([0, 20])
})

test('items wait until half of those before them have ended', async () => {
  const { id, start, db, tenantId } = await withBatch(120)
  await start()
  const [next] = await db
    .select({ status: jobs.status, open: jobs.dependenciesOpen, payload: jobs.payload })
    .from(jobs)
    .where(
      and(eq(jobs.tenantId, tenantId), eq(jobs.kind, 'batches.start'), eq(jobs.status, 'waiting')),
    )
  expect(next).toEqual({ status: 'waiting', open: 1, payload: { after: 99 } })
  const begun = and(
    ...[eq(batchItems.tenantId, tenantId), eq(batchItems.batchId, id)],
    sql`${batchItems.jobId} is not null`,
  )
  expect(await db.$count(batchItems, begun)).toBe(100)
})
