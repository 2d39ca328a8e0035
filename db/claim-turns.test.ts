import { uuidv7 } from 'uuidv7'
import { beforeEach, expect, test } from 'vitest'
import { enqueueJobs } from '../domain/jobs/queue.ts'
import { claimOf } from '../test/harness/claims.ts'
import { openTestDatabase } from '../test/harness/setup.ts'
import { createTenant } from '../test/harness/tenants.ts'
import type { Db } from './client.ts'
import { jobTenantLimits } from './schema/index.ts'
import { leaseJobs, leaseLimitedJobs } from './system.ts'

let db: Db
beforeEach(async () => {
  db = (await openTestDatabase()).db
})

/** Tenants in the order of their turns. */
async function tenantsInTurn(count: number): Promise<string[]> {
  const ids: string[] = []
  while (ids.length < count) ids.push((await createTenant(db)).id)
  return ids.sort()
}

const enqueue = (kind: string, tenantIds: readonly string[]) =>
  enqueueJobs(
    db,
    tenantIds.map((tenantId) => ({ tenantId, id: uuidv7(), kind })),
  )

type Setting = { runningMax: number } | { pausedAt: Date }

async function limit(tenantIds: readonly string[], kind: string, setting: Setting): Promise<void> {
  await db
    .insert(jobTenantLimits)
    .values(tenantIds.map((tenantId) => ({ tenantId, kind, ...setting })))
}

test.each([1, 10])(
  'tenants that are paused hide nobody behind them from %i places',
  async (places) => {
    const kind = uuidv7()
    const tenantIds = await tenantsInTurn(70)
    const [last = '', ...paused] = tenantIds.toReversed()
    await limit(paused, '*', { pausedAt: new Date() })
    await enqueue(kind, tenantIds)
    const jobs = await leaseJobs(db, claimOf(kind, { limit: places }))
    expect(jobs.map(({ tenantId }) => tenantId)).toEqual([last])
  },
)

test.each([1, 10])(
  'tenants at their limit hide nobody behind them from %i places',
  async (places) => {
    const kind = uuidv7()
    const tenantIds = await tenantsInTurn(12)
    const [last = '', ...full] = tenantIds.toReversed()
    await enqueue(kind, full)
    expect(await leaseJobs(db, claimOf(kind, { limit: 100 }))).toHaveLength(full.length)
    await limit(tenantIds, kind, { runningMax: 1 })
    await enqueue(kind, tenantIds)
    const jobs = await leaseLimitedJobs(db, claimOf(kind, { limit: places }))
    expect(jobs.map(({ tenantId }) => tenantId)).toEqual([last])
  },
)

test('a tenant whose work is of a limited kind takes no share of those without limits', async () => {
  const [limited, free] = [uuidv7(), uuidv7()]
  const [first = '', second = ''] = await tenantsInTurn(2)
  await limit([first], limited, { runningMax: 1 })
  await enqueue(limited, [first])
  await enqueue(free, [second])
  const jobs = await leaseJobs(db, claimOf(free, { limit: 1, places: { [limited]: 1, [free]: 1 } }))
  expect(jobs.map(({ tenantId }) => tenantId)).toEqual([second])
})
