import { eq } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import { expect, onTestFinished, test } from 'vitest'
import type { Db } from '../../db/client.ts'
import { jobHistory, jobWorkers } from '../../db/schema/index.ts'
import { listWorkers, reportWorker } from '../../db/system.ts'
import { enqueueJob } from '../../domain/jobs/queue.ts'
import { reportTenantWorker } from '../../domain/jobs/workers.ts'
import type { JobHost, JobKinds } from '../../functions/_shared/ports/jobs.ts'
import { eventually } from '../../test/harness/eventually.ts'
import { setup } from '../../test/harness/setup.ts'
import { createTenant } from '../../test/harness/tenants.ts'
import { QueueWorker } from './queue-worker.ts'
import { WorkerReport } from './report.ts'

const noRoutes = () => ({ fetch: async () => new Response() })

async function startWorker(handlers: JobKinds) {
  const world = await setup(noRoutes as never)
  const name = `worker ${uuidv7()}`
  const { deps, db } = world
  const worker = new QueueWorker({
    ...{ deps, handlers, name, database: world, host: {} as JobHost },
    ...{ concurrency: 3, leaseMs: 3_000, drainMs: 200, listens: true },
  })
  const running = worker.run()
  let drained: Promise<void> | undefined
  const drain = () => {
    drained ??= worker.drain().then(() => running)
    return drained
  }
  onTestFinished(drain)
  return { db, tenantId: world.tenant.id, name, drain }
}

const rowOf = async (db: Db, name: string) =>
  (await listWorkers(db, { tenantId: null })).find((worker) => worker.name === name)

test('a worker tells what it runs and has done, and is gone from the list when it is drained', async () => {
  const kind = `test.${uuidv7()}`
  const { db, tenantId, name, drain } = await startWorker({
    [kind]: { handler: async () => ({}), concurrency: 2 },
    other: async () => ({}),
    waiting: { handler: async () => ({}), placesShare: 0.5 },
    rare: { handler: async () => ({}), placesShare: 0.1 },
  })
  const row = await eventually('the worker is listed', () => rowOf(db, name))
  const idle = { running: 0, finished: 0, mean_ms: 0 }
  expect(row.kinds).toEqual({
    [kind]: { places: 2, free: 2, ...idle },
    other: { places: 3, free: 3, ...idle },
    waiting: { places: 1, free: 1, ...idle },
    rare: { places: 1, free: 1, ...idle },
  })
  for (let count = 0; count < 5; count += 1)
    await db.transaction((tx) => enqueueJob(tx, { tenantId, id: uuidv7(), kind }))
  const busy = await eventually('the worker has told of five jobs', async () => {
    const statistics = (await rowOf(db, name))?.kinds[kind]
    return statistics?.finished === 5 && statistics
  })
  expect(busy).toMatchObject({ running: 0, free: 2, mean_ms: expect.any(Number) })
  expect(busy.mean_ms).toBeGreaterThan(0)
  expect(await db.$count(jobHistory, eq(jobHistory.tenantId, tenantId))).toBe(5)
  await drain()
  expect(await rowOf(db, name)).toBeUndefined()
})

test('the mean weighs newer attempts more, and places that other kinds have taken are not free', async () => {
  const { db } = await setup(noRoutes as never)
  const name = `worker ${uuidv7()}`
  const kinds = [['one', { concurrency: 9 }] as const, ['two', { concurrency: 1 }] as const]
  const report = new WorkerReport({ db, name, kinds, concurrency: 2 })
  const ran = (kind: string, ms: number) => {
    report.began(kind)
    report.ended(kind, ms)
  }
  ran('one', 100)
  ran('one', 300)
  await report.write()
  expect((await rowOf(db, name))?.kinds.one).toMatchObject({ finished: 2, mean_ms: 200 })
  for (let count = 0; count < 200; count += 1) ran('one', 1_000)
  report.began('one')
  report.began('one')
  await report.write()
  const after = (await rowOf(db, name))?.kinds
  expect(after?.one?.mean_ms).toBeGreaterThan(990)
  expect(after?.one).toMatchObject({ places: 2, free: 0, running: 2 })
  expect(after?.two).toMatchObject({ places: 1, free: 0, running: 0 })
  expect(report.openPlaces(5)).toEqual({ one: 0, two: 1 })
  await report.remove()
  await report.write()
  expect(await rowOf(db, name)).toBeUndefined()
})

test('whoever reports removes the rows of those that have long been gone, and no others', async () => {
  const { db } = await setup(noRoutes as never)
  const [gone, silent] = [uuidv7(), uuidv7()]
  const tell = (id: string, name: string, aliveMs: number) =>
    reportWorker(db, { id, name: `${name} ${id}`, kinds: {}, aliveMs })
  await tell(gone, 'first', -61_000)
  await tell(silent, 'first', -1_000)
  await tell(uuidv7(), 'other', 1_000)
  await tell(gone, 'second', 60_000)
  await tell(silent, 'second', 60_000)
  // A row keeps its first name until it is removed.
  const names = (await listWorkers(db, { tenantId: null })).map((worker) => worker.name)
  expect(names).toContain(`second ${gone}`)
  expect(names).toContain(`first ${silent}`)
})

test('a worker over HTTP is one row of its tenant, however often it asks', async () => {
  const { db } = await setup(noRoutes as never)
  const [mine, theirs] = await Promise.all([createTenant(db), createTenant(db)])
  const ask = ({ id: tenantId }: { id: string }, places: number) =>
    reportTenantWorker(db, { tenantId, name: 'same', places: { any: places }, aliveMs: 1_000 })
  await ask(mine, 1)
  await ask(theirs, 2)
  await ask(mine, 3)
  const of = (tenantId: string) =>
    db.select().from(jobWorkers).where(eq(jobWorkers.tenantId, tenantId))
  expect(await of(mine.id)).toMatchObject([
    { name: 'same', kinds: { any: { places: 3, free: 3 } } },
  ])
  expect(await of(theirs.id)).toMatchObject([{ name: 'same', kinds: { any: { places: 2 } } }])
})
