import { uuidv7 } from 'uuidv7'
import { beforeAll, expect, test } from 'vitest'
import type { Db } from '../../db/client.ts'
import { type LeasedJob, leaseJobs, promoteDueJobs, releaseDependents } from '../../db/system.ts'
import { claimOf } from '../../test/harness/claims.ts'
import { openTestDatabase } from '../../test/harness/setup.ts'
import { createTenant } from '../../test/harness/tenants.ts'
import { completeJob, failJob } from './lease.ts'
import { completeJobs } from './lease-batches.ts'
import { enqueueJob, enqueueJobs } from './queue.ts'

let db: Db
let tenantId: string
beforeAll(async () => {
  db = (await openTestDatabase()).db
  tenantId = (await createTenant(db)).id
})

async function leased(): Promise<LeasedJob> {
  const kind = uuidv7()
  await enqueueJobs(db, [{ tenantId, id: uuidv7(), kind }])
  const [job] = await leaseJobs(db, claimOf(kind))
  if (!job) throw new Error('nothing was leased')
  return job
}

async function traces({ id }: LeasedJob): Promise<string[]> {
  const { sql } = await openTestDatabase()
  const rows = await sql`
    select 'jobs' as place from jobs where tenant_id = ${tenantId} and id = ${id}
    union all select 'job_history' from job_history where tenant_id = ${tenantId} and id = ${id}`
  return rows.map(({ place }) => place)
}

const alone = (job: LeasedJob) => db.transaction((tx) => completeJob(tx, job, null, 'unsuccessful'))
const inBatch = (job: LeasedJob) => completeJobs(db, [{ lease: job, result: null }], 'unsuccessful')

test.each([
  ['alone', alone],
  ['in a batch', inBatch],
])(
  'where history keeps the unsuccessful only, a completed job leaves nothing: %s',
  async (_, end) => {
    const job = await leased()
    await end(job)
    expect(await traces(job)).toEqual([])
  },
)

test('where history keeps the unsuccessful only, a failed job is kept', async () => {
  const job = await leased()
  await failJob(db, job, { fault: { code: 'x', message: 'x', isFinal: true }, retryMs: 0 })
  expect(await traces(job)).toEqual(['job_history'])
})

test.each([
  ['alone', alone],
  ['in a batch', inBatch],
])('a job without a trace is fenced like any other: %s', async (_, end) => {
  const job = await leased()
  const outcome = end({ ...job, leaseToken: uuidv7() })
  if (end === alone) await expect(outcome).rejects.toThrow('lost')
  else expect(await outcome).toMatchObject({ missed: [{}] })
  expect(await traces(job)).toEqual(['jobs'])
})

test('who waits for a job that leaves no trace is told all the same', async () => {
  const first = await leased()
  const kind = uuidv7()
  const second = { tenantId, id: uuidv7(), kind, dependsOn: [first.id] }
  await db.transaction((tx) => enqueueJob(tx, second))
  await inBatch(first)
  await releaseDependents(db, 1_000)
  await promoteDueJobs(db, 1_000)
  expect(await leaseJobs(db, claimOf(kind))).toMatchObject([{ id: second.id }])
})
