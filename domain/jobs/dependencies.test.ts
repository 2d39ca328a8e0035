import { and, eq, inArray } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import { beforeAll, expect, test } from 'vitest'
import type { Db } from '../../db/client.ts'
import { jobDependencies, jobEndings, jobHistory, jobs } from '../../db/schema/index.ts'
import { leaseJobs } from '../../db/system.ts'
import { tendQueue } from '../../local-runtime/worker/tending.ts'
import { claimOf } from '../../test/harness/claims.ts'
import { recordedLog } from '../../test/harness/log.ts'
import { openTestDatabase } from '../../test/harness/setup.ts'
import { createTenant } from '../../test/harness/tenants.ts'
import { DependencyUnmet } from './dependencies.ts'
import { failJob } from './lease.ts'
import { completeJobs } from './lease-batches.ts'
import { cancelJob, enqueueJob, enqueueJobs, type NewJob } from './queue.ts'

let db: Db
let tenantId: string
beforeAll(async () => {
  db = (await openTestDatabase()).db
  tenantId = (await createTenant(db)).id
})

const log = recordedLog()
const fault = { code: 'damaged', message: 'It is broken.', isFinal: true }

const enqueue = (job: Partial<NewJob> & { kind: string }) =>
  db.transaction((tx) => enqueueJob(tx, { tenantId, id: uuidv7(), ...job }))

/** Leases and completes whatever can begin, until nothing can; @returns ids in the order of their starts */
async function drain(kind: string, failing?: string): Promise<string[]> {
  const started: string[] = []
  for (;;) {
    while (await tendQueue(db, log));
    const leases = await leaseJobs(db, claimOf(kind, { limit: 100 }))
    if (leases.length === 0) return started
    started.push(...leases.map(({ id }) => id))
    const bad = leases.filter(({ id }) => id === failing)
    for (const lease of bad) await failJob(db, lease, { fault, retryMs: 0 })
    const good = leases.filter(({ id }) => id !== failing)
    await completeJobs(
      db,
      good.map((lease) => ({ lease, result: null })),
    )
  }
}

async function statuses(ids: readonly string[]): Promise<string[]> {
  const rows = await db
    .select({ id: jobHistory.id, status: jobHistory.status })
    .from(jobHistory)
    .where(and(eq(jobHistory.tenantId, tenantId), inArray(jobHistory.id, [...ids])))
  const byId = new Map(rows.map(({ id, status }) => [id, status]))
  return ids.map((id) => byId.get(id) ?? 'open')
}

async function nothingIsLeft(): Promise<void> {
  for (const table of [jobs, jobDependencies, jobEndings])
    expect(await db.select().from(table).where(eq(table.tenantId, tenantId))).toEqual([])
}

test('a chain runs one after the other, and a diamond joins again', async () => {
  const kind = uuidv7()
  const first = await enqueue({ kind })
  const second = await enqueue({ kind, dependsOn: [first] })
  const [left, right] = [
    await enqueue({ kind, dependsOn: [second] }),
    await enqueue({ kind, dependsOn: [second], priority: 1 }),
  ]
  const last = await enqueue({ kind, dependsOn: [left, right] })
  expect(await drain(kind)).toEqual([first, second, right, left, last])
  await nothingIsLeft()
})

test('a job that waits for a thousand begins after the last of them, and only once', async () => {
  const kind = uuidv7()
  const list = Array.from({ length: 1_000 }, () => ({ tenantId, id: uuidv7(), kind }))
  const parents = await enqueueJobs(db, list)
  const child = await enqueue({ kind, dependsOn: parents })
  const started = await drain(kind)
  expect(started).toHaveLength(1_001)
  expect(started.at(-1)).toBe(child)
  await nothingIsLeft()
})

test('several hosts that tell one job of different endings count each of them once', async () => {
  const kind = uuidv7()
  for (let round = 0; round < 5; round += 1) {
    const list = Array.from({ length: 40 }, () => ({ tenantId, id: uuidv7(), kind }))
    const parents = await enqueueJobs(db, list)
    const children = [0, 1, 2].map(() => enqueue({ kind: `${kind}.child`, dependsOn: parents }))
    await Promise.all(children)
    const leases = await leaseJobs(db, claimOf(kind, { limit: 40 }))
    await Promise.all(
      leases.map(async (lease) => {
        await completeJobs(db, [{ lease, result: null }])
        await tendQueue(db, log)
      }),
    )
    expect(await drain(`${kind}.child`)).toHaveLength(3)
  }
  await nothingIsLeft()
})

test('a failure cancels who waits for it, and so on, but for those that run all the same', async () => {
  const kind = uuidv7()
  const parent = await enqueue({ kind })
  const child = await enqueue({ kind, dependsOn: [parent], delayMs: 3_600_000 })
  const grandchild = await enqueue({ kind, dependsOn: [child] })
  const stubborn = await enqueue({ kind, dependsOn: [child], onDependencyFailure: 'run' })
  expect(await drain(kind, parent)).toEqual([parent, stubborn])
  expect(await statuses([parent, child, grandchild, stubborn])).toEqual([
    ...['failed', 'cancelled', 'cancelled', 'completed'],
  ])
  await nothingIsLeft()
})

test('a cancel goes down a chain of fifty in one round of tending', async () => {
  const kind = uuidv7()
  const ids = [await enqueue({ kind })]
  while (ids.length < 50) ids.push(await enqueue({ kind, dependsOn: ids.slice(-1) }))
  await db.transaction((tx) => cancelJob(tx, { tenantId, id: ids[0] ?? '' }))
  await tendQueue(db, log)
  expect(new Set(await statuses(ids))).toEqual(new Set(['cancelled']))
  await nothingIsLeft()
})

test('a job that is queued while the one it waits for ends is never forgotten', async () => {
  const kind = uuidv7()
  for (let round = 0; round < 40; round += 1) {
    const parent = await enqueue({ kind })
    const [lease] = await leaseJobs(db, claimOf(kind, { limit: 1 }))
    if (!lease) throw new Error('nothing was leased')
    const end =
      round % 2 === 0
        ? () => completeJobs(db, [{ lease, result: null }])
        : () => failJob(db, lease, { fault, retryMs: 0 })
    const queued = [0, 1, 2].map(() =>
      enqueue({ kind: `${kind}.child`, dependsOn: [parent] }).catch((err) => {
        if (!(err instanceof DependencyUnmet)) throw err
      }),
    )
    await Promise.all([...queued, end().then(() => tendQueue(db, log)), tendQueue(db, log)])
    // A row that was changed at the same moment is passed over, as by a worker, which then asks for that one alone.
    await completeJobs(db, [{ lease, result: null }])
  }
  await drain(`${kind}.child`)
  await nothingIsLeft()
})
