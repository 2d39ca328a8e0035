import { sql } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import { beforeEach, expect, test } from 'vitest'
import { completeJobs } from '../domain/jobs/lease-batches.ts'
import { enqueueJob, enqueueJobs, type NewJob } from '../domain/jobs/queue.ts'
import { claimOf } from '../test/harness/claims.ts'
import { openFirstPlans } from '../test/harness/first-plans.ts'
import { rowsRead } from '../test/harness/rows-read.ts'
import { createTenant } from '../test/harness/tenants.ts'
import type { Database } from './client.ts'
import { leaseJobs, promoteDueJobs, recoverExpiredLeases, releaseDependents } from './system.ts'

const jobCount = 20_000
const kind = 'test.plan'

let database: Database
let tenantId: string

// On one connection, whose plans are then those that the test has prepared.
beforeEach(async () => {
  await database?.close()
  database = await openFirstPlans()
  tenantId = (await createTenant(database.db)).id
  await database.db.execute(sql`vacuum (analyze) jobs, job_dependencies, job_endings`)
})

const enqueue = (count: number, job: Partial<NewJob> = {}) =>
  enqueueJobs(
    database.db,
    Array.from({ length: count }, () => ({ tenantId, id: uuidv7(), kind, ...job })),
  )

const lease = (limit: number) => leaseJobs(database.db, claimOf(kind, { limit }))

async function tend(): Promise<void> {
  const { db } = database
  await recoverExpiredLeases(db, 500)
  await releaseDependents(db, 1_000)
  await promoteDueJobs(db, 1_000)
}

async function claimAndComplete(limit: number): Promise<number> {
  const leases = await lease(limit)
  await completeJobs(
    database.db,
    leases.map((job) => ({ lease: job, result: null })),
  )
  return leases.length
}

/** As the server remembers them: of the sixth run on, one plan for all values. */
async function prepareOnEmptyTable(): Promise<void> {
  for (let time = 0; time < 8; time += 1) {
    await claimAndComplete(100)
    await tend()
  }
}

const jobsRead = (work: () => Promise<unknown>) =>
  rowsRead(database.db, ['jobs', 'job_dependencies', 'job_endings'], work)

test('plans made while the table was empty read a few rows for each job, not the table', async () => {
  await prepareOnEmptyTable()
  await enqueue(jobCount)
  let count = 0
  const read = await jobsRead(async () => {
    for (let time = 0; time < 40; time += 1) count += await claimAndComplete(50)
  })
  expect(count).toBe(2_000)
  expect(read / count).toBeLessThan(100) // reading the table once for each claim would be 400
})

test('a claim of a single job reads a few rows, not the table', async () => {
  await prepareOnEmptyTable()
  await enqueue(jobCount)
  const read = await jobsRead(async () => {
    for (let time = 0; time < 50; time += 1) await claimAndComplete(1)
  })
  expect(read / 50).toBeLessThan(1_000)
})

test('jobs that are due much later cost those who look for due ones nothing', async () => {
  await prepareOnEmptyTable()
  await enqueue(jobCount, { delayMs: 3_600_000 })
  await enqueue(10, { delayMs: 1 })
  const read = await jobsRead(async () => {
    for (let time = 0; time < 10; time += 1) await tend()
  })
  expect(await lease(20)).toHaveLength(10)
  expect(read).toBeLessThan(500)
})

test('leases that are alive cost those who look for dead ones nothing', async () => {
  await prepareOnEmptyTable()
  await enqueue(jobCount)
  for (let left = jobCount; left > 0; left -= 1_000) await lease(1_000)
  await database.db.execute(sql`update jobs set lease_expires_at = '2020-01-01'
    where tenant_id = ${tenantId} and id in (select id from jobs where tenant_id = ${tenantId} limit 10)`)
  const read = await jobsRead(async () => {
    for (let time = 0; time < 10; time += 1) await tend()
  })
  expect(await lease(20)).toHaveLength(10)
  expect(read).toBeLessThan(500)
})

test('the end of one job costs no look at those that others wait for', async () => {
  const { db } = database
  await prepareOnEmptyTable()
  const parents = await enqueue(20)
  const addChild = (parent: string, id = uuidv7()) =>
    db.transaction((tx) => enqueueJob(tx, { tenantId, id, kind, dependsOn: [parent] }))
  for (const parent of parents) await addChild(parent)
  for (let time = 0; time < 8; time += 1) await claimAndCompleteThenTend()
  await enqueue(jobCount)
  await db.execute(sql`
    insert into job_dependencies (tenant_id, job_id, depends_on_id, on_failure)
    select ${tenantId}::uuid, gen_random_uuid(), gen_random_uuid(), 'run' from generate_series(1, 20000)`)
  const read = await jobsRead(async () => {
    for (let time = 0; time < 8; time += 1) await claimAndCompleteThenTend()
  })
  expect(read).toBeLessThan(1_000)
})

async function claimAndCompleteThenTend(): Promise<void> {
  await claimAndComplete(1)
  await tend()
}
