import { and, eq, sql } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import { expect, test } from 'vitest'
import type { Db } from '../../db/client.ts'
import { documents } from '../../db/schema/index.ts'
import { type LeasedJob, leaseJobs, recoverExpiredLeases } from '../../db/system.ts'
import { storeDocument } from '../../test/fixtures/stored-document.ts'
import { claimOf } from '../../test/harness/claims.ts'
import { eventually } from '../../test/harness/eventually.ts'
import { openTestDatabase } from '../../test/harness/setup.ts'
import { memoryStorage } from '../../test/harness/storage.ts'
import { createTenant } from '../../test/harness/tenants.ts'
import { extractionJobKind, reprocessDocument } from '../documents/processing.ts'
import { completeJob, endCancelledJob, failJob } from './lease.ts'
import { cancelJob } from './queue.ts'

async function setup() {
  const { db, sql } = await openTestDatabase()
  const tenant = await createTenant(db)
  const bytes = new Uint8Array(1)
  const document = await storeDocument({ db, storage: memoryStorage() }, { tenant, bytes })
  const { tenantId, id, jobId } = document
  const mine = and(eq(documents.tenantId, tenantId), eq(documents.id, id))
  return {
    db,
    sql,
    tenantId,
    id,
    jobId,
    lease: async () => {
      const [job] = await leaseJobs(db, claimOf(extractionJobKind, { limit: 1 }))
      if (!job) throw new Error('nothing was leased')
      return job
    },
    state: async () => (await db.select().from(documents).where(mine))[0],
  }
}

test('a cancel before the beginning cancels the document in the same statement', async () => {
  const { db, tenantId, jobId, state } = await setup()
  await db.transaction((tx) => cancelJob(tx, { tenantId, id: jobId }))
  expect(await state()).toMatchObject({ status: 'cancelled', failureCode: null, version: 2 })
})

test('a document whose workers all died fails, with a code that a caller knows', async () => {
  const { db, sql, tenantId, jobId, lease, state } = await setup()
  await lease()
  await sql`update jobs set attempts_max = 1, lease_expires_at = clock_timestamp() - interval '1 s'
    where tenant_id = ${tenantId} and id = ${jobId}`
  await recoverExpiredLeases(db, 100)
  expect(await state()).toMatchObject({
    status: 'failed',
    failureCode: 'timeout',
    failureMessage: 'The worker stopped without a word.',
  })
})

test('a final failure is the document’s own, and one that is tried again is not', async () => {
  const { db, lease, state } = await setup()
  const fault = { code: 'damaged', message: 'It is broken.', isFinal: false }
  await failJob(db, await lease(), { fault, retryMs: 0 })
  expect(await state()).toMatchObject({ status: 'pending', failureCode: null })
  await failJob(db, await lease(), { fault: { ...fault, isFinal: true }, retryMs: 0 })
  const failure = { status: 'failed', failureCode: 'damaged', failureMessage: 'It is broken.' }
  expect(await state()).toMatchObject(failure)
})

test('a cancel that meets the failure of an attempt is not lost', async () => {
  const { db, tenantId, jobId, lease, state } = await setup()
  const job = await lease()
  const fault = { code: 'internal', message: 'It broke.', isFinal: false }
  let failing: Promise<unknown> | undefined
  const failAfterFirstStatement = async () => {
    let isDone = false
    failing = failJob(db, job, { fault, retryMs: 0 }).finally(() => {
      isDone = true
    })
    await eventually('the failure is written or waits', async () => isDone || isAnyoneWaiting(db))
  }
  await db.transaction(async (tx) => {
    const execute = async (query: Parameters<typeof tx.execute>[0]) => {
      const rows = await tx.execute(query)
      if (!failing) await failAfterFirstStatement()
      return rows
    }
    const watched = Object.assign(Object.create(tx), { execute })
    expect(await cancelJob(watched, { tenantId, id: jobId })).not.toBe('missing')
  })
  await failing
  expect(await state()).toMatchObject({ status: 'cancelled' })
})

async function isAnyoneWaiting(db: Db): Promise<boolean> {
  const [row] = await db.execute<{ waiting: boolean }>(sql`select exists (
    select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock') as waiting`)
  return row?.waiting ?? false
}

test('a cancelled job whose attempt fails before it hears of that is cancelled, not dead', async () => {
  const { db, tenantId, jobId, lease, state } = await setup()
  const job = await lease()
  await db.transaction((tx) => cancelJob(tx, { tenantId, id: jobId }))
  const fault = { code: 'internal', message: 'It broke.', isFinal: false }
  expect(await failJob(db, job, { fault, retryMs: 0 })).toBe('cancelled')
  expect(await state()).toMatchObject({ status: 'cancelled', failureCode: null })
})

test('the end of a job that was replaced leaves its document alone', async () => {
  const { db, tenantId, id, jobId, state } = await setup()
  const later = uuidv7()
  await db.transaction((tx) => reprocessDocument(tx, { tenantId, documentId: id, jobId: later }))
  await db.transaction((tx) => cancelJob(tx, { tenantId, id: jobId }))
  expect(await state()).toMatchObject({ status: 'pending', jobId: later })
  await db.transaction((tx) => cancelJob(tx, { tenantId, id: later }))
})

const finalFault = { code: 'damaged', message: 'It is broken.', isFinal: true }

test.each([
  ['completed', (db: Db, job: LeasedJob) => db.transaction((tx) => completeJob(tx, job))],
  ['failed', (db: Db, job: LeasedJob) => failJob(db, job, { fault: finalFault, retryMs: 0 })],
  ['cancelled', (db: Db, job: LeasedJob) => endCancelledJob(db, job)],
])('the end of a job is one more version of it: %s', async (status, end) => {
  const { db, sql, tenantId, jobId, lease } = await setup()
  const job = await lease()
  const [before] =
    await sql`select version from jobs where tenant_id = ${tenantId} and id = ${jobId}`
  await end(db, job)
  const [after] = await sql`
    select status, version from job_history where tenant_id = ${tenantId} and id = ${jobId}`
  expect(after).toEqual({ status, version: before?.version + 1 })
})
