import { and, eq } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import { beforeAll, expect, test } from 'vitest'
import type { Db } from '../../db/client.ts'
import { jobDependencies, jobHistory, jobs } from '../../db/schema/index.ts'
import { type LeasedJob, leaseJobs } from '../../db/system.ts'
import { tendQueue } from '../../local-runtime/worker/tending.ts'
import { claimOf } from '../../test/harness/claims.ts'
import { recordedLog } from '../../test/harness/log.ts'
import { openTestDatabase } from '../../test/harness/setup.ts'
import { createTenant } from '../../test/harness/tenants.ts'
import { listRunEvents } from './events.ts'
import { completeJob, failJob, type Lease } from './lease.ts'
import { LeaseLost } from './outcome.ts'
import { partJobKinds, partsEnded } from './part-kinds.ts'
import { waitForParts } from './parts.ts'
import { cancelJob, enqueueJob } from './queue.ts'
import { redriveJob } from './redrive.ts'

const [partKind] = partJobKinds
const fault = { code: 'damaged', message: 'It is broken.', isFinal: true }
let db: Db
let tenantId: string
beforeAll(async () => {
  db = (await openTestDatabase()).db
  tenantId = (await createTenant(db)).id
})

const lease = async (kind: string): Promise<LeasedJob[]> => {
  while (await tendQueue(db, recordedLog()));
  return leaseJobs(db, claimOf(kind, { limit: 100, tenantId }))
}

const divide = (whole: Lease, count: number) =>
  db.transaction((tx) => {
    const parts = Array.from({ length: count }, (_, page) => ({ id: uuidv7(), payload: { page } }))
    return waitForParts(tx, whole, { kind: partKind, parts, priority: -1 })
  })

/** A job under way, divided into three. */
async function divided() {
  const kind = uuidv7()
  await db.transaction((tx) =>
    enqueueJob(tx, { tenantId, id: uuidv7(), kind, subjectId: uuidv7(), payload: { own: 1 } }),
  )
  const [whole] = await lease(kind)
  if (!whole) throw new Error('the job was not leased')
  await divide(whole, 3)
  return { kind, whole, parts: await lease(partKind) }
}

const openJob = async (id: string) =>
  (
    await db
      .select()
      .from(jobs)
      .where(and(eq(jobs.tenantId, tenantId), eq(jobs.id, id)))
  )[0]

test('a divided job waits until its parts have ended, however they did, and begins again once', async () => {
  const { kind, whole, parts } = await divided()
  expect(parts.map(({ subjectId, payload }) => [subjectId, payload])).toEqual(
    [0, 1, 2].map((page) => [whole.subjectId, { page }]),
  )
  expect(await lease(kind)).toEqual([])
  const [good, bad, last] = parts as [LeasedJob, LeasedJob, LeasedJob]
  await db.transaction((tx) => completeJob(tx, good))
  await failJob(db, bad, { fault, retryMs: 0 })
  expect(await lease(kind)).toEqual([])
  await db.transaction((tx) => cancelJob(tx, { tenantId, id: last.id }))
  await failJob(db, last, { fault, retryMs: 0 })
  const again = await lease(kind)
  // The attempt that divided it does not count.
  expect(again).toMatchObject([
    { id: whole.id, attempts: 1, payload: { own: 1, [partsEnded]: true } },
  ])
  expect(await lease(kind)).toEqual([])
  await db.transaction((tx) => completeJob(tx, again[0] as LeasedJob))
  const left = await db.select().from(jobDependencies).where(eq(jobDependencies.tenantId, tenantId))
  expect(left).toEqual([])
  const events = await listRunEvents(db, {
    tenantId,
    jobId: whole.id,
    after: '00000000-0000-0000-0000-000000000000',
    limit: 20,
  })
  expect(events.map(({ type }) => type)).toEqual([
    'enqueued',
    'started',
    'released',
    'started',
    'completed',
  ])
})

test('who has lost the lease divides nothing', async () => {
  const { kind, whole } = await divided()
  await expect(divide(whole, 2)).rejects.toThrow(LeaseLost)
  expect(await openJob(whole.id)).toMatchObject({ status: 'waiting', dependenciesOpen: 3 })
  expect(await lease(partKind)).toEqual([])
  await db.transaction((tx) => cancelJob(tx, { tenantId, id: whole.id }))
  expect(await lease(kind)).toEqual([])
})

test('to cancel a divided job is to cancel its parts, and no other job of that batch id', async () => {
  const { whole, parts } = await divided()
  const stranger = { tenantId, id: uuidv7(), kind: 'somebody.else', batchId: whole.id }
  await db.transaction((tx) => enqueueJob(tx, stranger))
  expect(await db.transaction((tx) => cancelJob(tx, { tenantId, id: whole.id }))).toBe('cancelled')
  for (const { id } of parts) expect((await openJob(id))?.cancelRequestedAt).toBeInstanceOf(Date)
  expect(await openJob(stranger.id)).toMatchObject({ status: 'queued' })
})

test('a divided job that was cancelled is done from its beginning by a redrive', async () => {
  const { kind, whole } = await divided()
  await db.transaction((tx) => cancelJob(tx, { tenantId, id: whole.id }))
  const ended = and(eq(jobHistory.tenantId, tenantId), eq(jobHistory.id, whole.id))
  expect((await db.select().from(jobHistory).where(ended))[0]?.payload).toHaveProperty([partsEnded])
  await db.transaction((tx) => redriveJob(tx, { tenantId, id: whole.id }))
  expect(await lease(kind)).toMatchObject([{ id: whole.id, payload: { own: 1 } }])
  expect((await openJob(whole.id))?.payload).toEqual({ own: 1 })
})
