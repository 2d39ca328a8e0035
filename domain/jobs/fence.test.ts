import { and, eq } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import { beforeAll, expect, test } from 'vitest'
import type { Db } from '../../db/client.ts'
import { jobHistory, jobs } from '../../db/schema/index.ts'
import { type LeasedJob, leaseJobs, recoverExpiredLeases } from '../../db/system.ts'
import { Completions } from '../../local-runtime/worker/completions.ts'
import { claimOf } from '../../test/harness/claims.ts'
import { openTestDatabase } from '../../test/harness/setup.ts'
import { createTenant } from '../../test/harness/tenants.ts'
import { releaseJob } from './lease.ts'
import { completeJobs } from './lease-batches.ts'
import { cancelJob, enqueueJobs } from './queue.ts'

let db: Db
let tenantId: string
beforeAll(async () => {
  db = (await openTestDatabase()).db
  tenantId = (await createTenant(db)).id
})

async function leased(kind: string): Promise<LeasedJob> {
  const [job] = await leaseJobs(db, claimOf(kind, { limit: 1 }))
  if (!job) throw new Error('nothing was leased')
  return job
}

async function enqueued(): Promise<LeasedJob> {
  const kind = uuidv7()
  await enqueueJobs(db, [{ tenantId, id: uuidv7(), kind }])
  return leased(kind)
}

async function expire({ id }: LeasedJob): Promise<void> {
  await db
    .update(jobs)
    .set({ leaseExpiresAt: new Date(0) })
    .where(and(eq(jobs.tenantId, tenantId), eq(jobs.id, id)))
}

/** Two attempts at one job: the first has lost its lease to the second. */
async function staleAndCurrent(): Promise<{ stale: LeasedJob; current: LeasedJob }> {
  const stale = await enqueued()
  await expire(stale)
  await recoverExpiredLeases(db, 100)
  return { stale, current: await leased(stale.kind) }
}

async function ended({ id }: LeasedJob) {
  const [row] = await db
    .select()
    .from(jobHistory)
    .where(and(eq(jobHistory.tenantId, tenantId), eq(jobHistory.id, id)))
  return row
}

test.each(['stale first', 'current first'])(
  'of two attempts that complete one job in one moment, the one that holds it does: %s',
  async (order) => {
    const { stale, current } = await staleAndCurrent()
    const completions = new Completions(db, () => {})
    const attempts = order === 'stale first' ? [stale, current] : [current, stale]
    const outcomes = await Promise.all(
      attempts.map(async (job) => ({
        job,
        missed: await completions.complete(job, { by: job === stale ? 'stale' : 'current' }),
      })),
    )
    const isDone = (of: LeasedJob) =>
      outcomes.some(({ job, missed }) => job === of && !missed.has(job.id))
    // What was not done in the batch is done, or refused, by a statement of its own.
    expect(isDone(stale)).toBe(false)
    if (isDone(current)) expect((await ended(current))?.result).toEqual({ by: 'current' })
    else expect(await ended(current)).toBeUndefined()
  },
)

test('a batch that names one job twice is refused: its answer could not tell them apart', async () => {
  const { stale, current } = await staleAndCurrent()
  const both = [stale, current].map((lease) => ({ lease, result: null }))
  await expect(completeJobs(db, both)).rejects.toThrow(RangeError)
})

test('a job that is given back after a cancel was asked for is cancelled, not begun again', async () => {
  const job = await enqueued()
  await db.transaction((tx) => cancelJob(tx, job))
  expect(await releaseJob(db, job)).toBe(true)
  expect(await leaseJobs(db, claimOf(job.kind))).toEqual([])
  expect(await ended(job)).toMatchObject({ status: 'cancelled' })
})

test.each<[string, (job: LeasedJob) => Promise<unknown>]>([
  ['given back', (job) => releaseJob(db, job)],
  ['taken back', (job) => expire(job).then(() => recoverExpiredLeases(db, 100))],
])('a job that is %s goes before those that were queued after it', async (_, back) => {
  const job = await enqueued()
  const later = Array.from({ length: 3 }, () => ({ tenantId, id: uuidv7(), kind: job.kind }))
  await enqueueJobs(db, later)
  await back(job)
  expect(await leased(job.kind)).toMatchObject({ id: job.id })
})

test('a job without an attempt is refused where it is queued, and stops no claim', async () => {
  const kind = uuidv7()
  const job = { tenantId, kind, attemptsMax: 0 }
  await expect(enqueueJobs(db, [{ ...job, id: uuidv7() }])).rejects.toThrow()
  await enqueueJobs(db, [{ tenantId, kind, id: uuidv7() }])
  expect(await leaseJobs(db, claimOf(kind))).toHaveLength(1)
})
