import { uuidv7 } from 'uuidv7'
import { beforeAll, expect, test } from 'vitest'
import type { Db } from '../../db/client.ts'
import { jobKinds, jobTenantLimits } from '../../db/schema/index.ts'
import { enqueueJobs, type NewJob } from '../../domain/jobs/queue.ts'
import { startQueueHost } from '../../test/fixtures/queue-host.ts'
import { eventually } from '../../test/harness/eventually.ts'
import { openTestDatabase } from '../../test/harness/setup.ts'
import { createTenant } from '../../test/harness/tenants.ts'

let db: Db
beforeAll(async () => {
  db = (await openTestDatabase()).db
})

/** Two tenants in the order of their turns: the first has many jobs, the second few. */
async function rivals(): Promise<{ many: string; few: string }> {
  const [many = '', few = ''] = [(await createTenant(db)).id, (await createTenant(db)).id].sort()
  return { many, few }
}

const enqueue = (count: number, job: Omit<NewJob, 'id'>) =>
  enqueueJobs(
    db,
    Array.from({ length: count }, () => ({ ...job, id: uuidv7() })),
  )

/** How many of the other jobs began before the last one of the few. */
async function startedBefore(few: string, count: number, kinds: string[], concurrency: number) {
  const starts: string[] = []
  const handler = async ({ job }: { job: { tenantId: string } }) => {
    starts.push(job.tenantId)
    return {}
  }
  const host = await startQueueHost({
    handlers: Object.fromEntries(kinds.map((kind) => [kind, handler])),
    concurrency,
  })
  const areDone = () => starts.filter((tenantId) => tenantId === few).length === count
  await eventually('the few have begun', async () => areDone())
  await host.drain()
  return starts.lastIndexOf(few) + 1 - count
}

test.each([
  [5_000, 1],
  [50_000, 10],
])(
  'a tenant with %i queued jobs does not delay ten of another, with %i places',
  async (count, concurrency) => {
    const kind = uuidv7()
    const { many, few } = await rivals()
    for (let queued = 0; queued < count; queued += 5_000)
      await enqueue(5_000, { tenantId: many, kind })
    await enqueue(10, { tenantId: few, kind })
    expect(await startedBefore(few, 10, [kind], concurrency)).toBeLessThan(10 + 2 * concurrency)
  },
)

test('under a limit of the kind, too, tenants take turns', async () => {
  const kind = uuidv7()
  const { many, few } = await rivals()
  await db.insert(jobKinds).values({ kind, runningMax: 1 })
  await enqueue(500, { tenantId: many, kind })
  await enqueue(10, { tenantId: few, kind })
  expect(await startedBefore(few, 10, [kind], 2)).toBeLessThan(15)
})

test.each([1, 3])(
  'jobs under a limit are not kept waiting by those without one, with %i places',
  async (concurrency) => {
    const [free, limited] = [uuidv7(), uuidv7()]
    const { many, few } = await rivals()
    await db.insert(jobTenantLimits).values({ tenantId: few, kind: limited, runningMax: 2 })
    await enqueue(2_000, { tenantId: many, kind: free })
    await enqueue(10, { tenantId: few, kind: limited })
    const before = await startedBefore(few, 10, [free, limited], concurrency)
    expect(before).toBeLessThan(10 + 4 * concurrency)
  },
)
