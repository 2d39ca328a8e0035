import { uuidv7 } from 'uuidv7'
import { beforeAll, expect, test } from 'vitest'
import type { Db } from '../../db/client.ts'
import { type LeasedJob, leaseJobs } from '../../db/system.ts'
import { claimOf } from '../../test/harness/claims.ts'
import { openTestDatabase } from '../../test/harness/setup.ts'
import { createTenant } from '../../test/harness/tenants.ts'
import { completeJobs, heartbeatJobs } from './lease-batches.ts'
import { enqueueJobs } from './queue.ts'

let db: Db
let tenantId: string
beforeAll(async () => {
  db = (await openTestDatabase()).db
  tenantId = (await createTenant(db)).id
})

/** Jobs of so many claims, two of each. */
async function leased(claims: number): Promise<LeasedJob[]> {
  const kind = uuidv7()
  const list = Array.from({ length: 2 * claims }, () => ({ tenantId, id: uuidv7(), kind }))
  await enqueueJobs(db, list)
  const jobs: LeasedJob[] = []
  while (jobs.length < list.length) jobs.push(...(await leaseJobs(db, claimOf(kind, { limit: 2 }))))
  return jobs
}

/** @returns how many statements completed all of them */
async function statementsFor(jobs: readonly LeasedJob[]): Promise<number> {
  let count = 0
  const counted: Db = Object.create(db, {
    execute: {
      value: (query: Parameters<Db['execute']>[0]) => {
        count += 1
        return db.execute(query)
      },
    },
  })
  const completions = jobs.map((lease) => ({ lease, result: null }))
  expect((await completeJobs(counted, completions)).missed).toEqual([])
  return count
}

// Each would need one more if a job were not found where it was seen, and had to be looked up by its key.
test.each([
  [1, 1],
  [3, 3],
  [4, 1],
  [20, 1],
])(
  'jobs of %i claims that nobody has changed are completed in %i statements',
  async (claims, count) => {
    expect(await statementsFor(await leased(claims))).toBe(count)
  },
)

test.each([1, 4])(
  'a job of %i claims that has moved in its table is looked up again',
  async (claims) => {
    const jobs = await leased(claims)
    await heartbeatJobs(db, jobs.slice(0, 1), 60_000)
    expect(await statementsFor(jobs)).toBe(2)
  },
)
