import { expect, test } from 'vitest'
import { listRunEvents } from '../../domain/jobs/events.ts'
import { cancelJob, ringWorkers } from '../../domain/jobs/queue.ts'
import {
  codesOf,
  endsOf,
  enqueueKinds,
  enqueueOne,
  isRunning,
  jobProcessesOf,
  openJob,
  poisonWorld,
  runOne,
} from '../../test/fixtures/poison.ts'
import { eventually } from '../../test/harness/eventually.ts'

const mood = (mood: string) => ({ payload: { mood }, attemptsMax: 1 })

const noProcess = () =>
  eventually('no process is left', async () => (await jobProcessesOf()).length === 0)

test('a process gets the next job of its kind, also after a refusal, but not after an error', async () => {
  const world = await poisonWorld()
  world.startWorker()
  const pid = async () => (await runOne(world, 'heavy.moody')).result?.pid
  const first = await pid()
  expect(first).not.toBe(process.pid)
  expect(await pid()).toBe(first)
  expect(codesOf(await runOne(world, 'heavy.moody', mood('refuses')))).toEqual(['refused'])
  expect(await pid()).toBe(first)
  expect(codesOf(await runOne(world, 'heavy.moody', mood('breaks')))).toEqual(['internal'])
  expect(await pid()).not.toBe(first)
})

test('a process without a job ends after a while, and all end with their worker', async () => {
  const world = await poisonWorld()
  const { drain } = world.startWorker({ processes: { ...world.processes, idleMsMax: 50 } })
  await runOne(world, 'good.heavy')
  await noProcess()
  await drain()
  const patient = world.startWorker()
  await runOne(world, 'good.heavy')
  expect(await jobProcessesOf()).toHaveLength(1)
  await patient.drain()
  expect(await jobProcessesOf()).toEqual([])
})

test('a job in a process of its own stores its effect, its result and its progress', async () => {
  const world = await poisonWorld()
  world.startWorker()
  const job = await runOne(world, 'good.heavy')
  expect(job).toMatchObject({
    status: 'completed',
    attempts: 1,
    progressDone: 10,
    progressTotal: 10,
    result: { pid: expect.any(Number) },
  })
  const after = '00000000-0000-0000-0000-000000000000'
  const asked = { tenantId: world.tenant.id, jobId: job.id, after, limit: 10 }
  const events = await listRunEvents(world.db, asked)
  expect(events.map(({ type }) => type)).toContain('log')
})

test.each([
  ['that listens', 'heavy.waits'],
  ['that hears nothing', 'heavy.deaf'],
])('a job %s is cancelled in its process', async (_, kind) => {
  const world = await poisonWorld()
  world.startWorker()
  const id = await enqueueOne(world, kind)
  await isRunning(world, id)
  await world.db.transaction((tx) => cancelJob(tx, { tenantId: world.tenant.id, id }))
  await ringWorkers(world.db, 'cancel')
  const [job] = await endsOf(world, [id])
  expect(job).toMatchObject({ status: 'cancelled', attempts: 1, errors: [] })
  await noProcess()
})

test.each(['heavy.waits', 'heavy.deaf'])(
  'the process of a job that went to another worker ends and writes nothing (%s)',
  async (kind) => {
    const world = await poisonWorld()
    world.startWorker({ leaseMs: 600_000 })
    const id = await enqueueOne(world, kind)
    await eventually('it has begun', async () => (await jobProcessesOf()).length === 1)
    await world.sql`update jobs set lease_token = gen_random_uuid(), leased_by = 'another'
      where tenant_id = ${world.tenant.id} and id = ${id}`
    await noProcess()
    expect(await openJob(world, id)).toMatchObject({ status: 'running', leasedBy: 'another' })
  },
)

test('of all kinds together no more jobs run at once than there are processes', async () => {
  const world = await poisonWorld()
  const ids = await enqueueKinds(world, { 'heavy.spans': 6, 'good.heavy': 6 })
  world.startWorker({ processes: { ...world.processes, processesMax: 2 } })
  const ended = await endsOf(world, Object.values(ids).flat())
  expect(ended.filter(({ status }) => status !== 'completed')).toEqual([])
  const spans = ended.flatMap(({ kind, result }) =>
    kind === 'heavy.spans' ? [{ from: Number(result?.from), to: Number(result?.to) }] : [],
  )
  const overlaps = spans.map(
    ({ from }) => spans.filter((other) => other.from <= from && from < other.to).length,
  )
  expect(Math.max(...overlaps)).toBeLessThanOrEqual(2)
})

test('a worker without processes refuses kinds that need them', async () => {
  const world = await poisonWorld()
  expect(() => world.startWorker({ processes: { ...world.processes, processesMax: 0 } })).toThrow(
    'processes of their own',
  )
})
