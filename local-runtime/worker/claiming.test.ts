import { setTimeout as pause } from 'node:timers/promises'
import { uuidv7 } from 'uuidv7'
import { expect, test } from 'vitest'
import { enqueueJobs } from '../../domain/jobs/queue.ts'
import type { JobHandler, JobHost } from '../../functions/_shared/ports/jobs.ts'
import { eventually } from '../../test/harness/eventually.ts'
import { setup } from '../../test/harness/setup.ts'
import { QueueWorker } from './queue-worker.ts'

const noRoutes = () => ({ fetch: async () => new Response() })
const places = { all: 400, narrow: 150 }
const each = 1_000

/** Counts what runs at once, and how often each job ran. */
class Ledger {
  readonly runs = new Map<string, number>()
  most = 0
  private running = 0

  readonly handler: JobHandler = async ({ job }) => {
    this.runs.set(job.id, (this.runs.get(job.id) ?? 0) + 1)
    this.running += 1
    this.most = Math.max(this.most, this.running)
    await pause(5)
    this.running -= 1
    return {}
  }
}

test('a worker that asks ahead for a backlog never runs more than it has places, nor a job twice', async () => {
  const world = await setup(noRoutes as never)
  const [narrow, wide] = [uuidv7(), uuidv7()]
  const [all, narrowAlone] = [new Ledger(), new Ledger()]
  const list = [narrow, wide].flatMap((kind) =>
    Array.from({ length: each }, () => ({ tenantId: world.tenant.id, id: uuidv7(), kind })),
  )
  await enqueueJobs(world.db, list)
  const both: JobHandler = async (context) => {
    const [completion] = await Promise.all([all.handler(context), narrowAlone.handler(context)])
    return completion
  }
  const worker = new QueueWorker({
    ...{ deps: world.deps, database: world, host: {} as JobHost, name: 'test' },
    handlers: { [narrow]: { handler: both, concurrency: places.narrow }, [wide]: all.handler },
    ...{ concurrency: places.all, leaseMs: 30_000, drainMs: 5_000, listens: false },
  })
  const running = worker.run()
  await eventually('all have run', async () => all.runs.size === list.length, 30_000)
  await worker.drain()
  await running
  expect([...all.runs.values()].every((count) => count === 1)).toBe(true)
  expect(narrowAlone.most).toBeLessThanOrEqual(places.narrow)
  expect(all.most).toBeLessThanOrEqual(places.all)
  expect(all.most).toBeGreaterThan(places.narrow)
})
