import { expect, test } from 'vitest'
import {
  endsOf,
  enqueueKinds,
  enqueueOne,
  isRunning,
  jobProcessesOf,
  openJob,
  poisonWorld,
} from '../../test/fixtures/poison.ts'

// Nothing here waits for the end of a lease, and a busy machine shall not take one away.
const leaseMs = 600_000

test('a worker that stops lets its jobs end, takes no more, and is done when they are', async () => {
  const world = await poisonWorld()
  const { drain } = world.startWorker({ drainMs: 600_000, leaseMs })
  const payload = { ms: 500 }
  const shared = await enqueueOne(world, 'good.waits', { payload })
  const heavy = await enqueueOne(world, 'heavy.spans')
  await Promise.all([isRunning(world, shared), isRunning(world, heavy)])
  const drained = drain()
  const late = await enqueueOne(world, 'good.shared')
  await drained
  const ended = await endsOf(world, [shared, heavy])
  expect(ended.map(({ status, attempts }) => [status, attempts])).toEqual([
    ['completed', 1],
    ['completed', 1],
  ])
  expect(await openJob(world, late)).toMatchObject({ status: 'queued', attempts: 0 })
})

test.each(['shared.waits', 'shared.deaf', 'heavy.waits', 'heavy.deaf'])(
  'a job that does not end in time is given back without counting its attempt (%s)',
  async (kind) => {
    const world = await poisonWorld()
    const { drain } = world.startWorker({ drainMs: 50, leaseMs })
    const { [kind]: ids = [] } = await enqueueKinds(world, { [kind]: 2 })
    for (const id of ids) await isRunning(world, id)
    await drain()
    for (const id of ids) {
      const job = await openJob(world, id)
      expect(job).toMatchObject({ status: 'queued', attempts: 0, errors: [] })
    }
    expect(await jobProcessesOf()).toEqual([])
  },
)

test('jobs that wait for a process are given back, too', async () => {
  const world = await poisonWorld()
  const processes = { ...world.processes, processesMax: 1 }
  const { drain } = world.startWorker({ processes, drainMs: 0, leaseMs })
  const ids = Object.values(
    await enqueueKinds(world, { 'heavy.deaf': 1, 'heavy.waits': 1, 'heavy.second': 1 }),
  ).flat()
  for (const id of ids) await isRunning(world, id)
  await drain()
  for (const id of ids)
    expect(await openJob(world, id)).toMatchObject({ status: 'queued', attempts: 0 })
})
