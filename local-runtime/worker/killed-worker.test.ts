import { type ChildProcess, spawn } from 'node:child_process'
import { expect, onTestFinished, test } from 'vitest'
import {
  codesOf,
  commandOf,
  endsOf,
  enqueueKinds,
  enqueueOne,
  isRunning,
  jobProcessesOf,
  openJob,
  poisonPrograms,
  poisonWorld,
} from '../../test/fixtures/poison.ts'
import { eventually } from '../../test/harness/eventually.ts'

type World = Awaited<ReturnType<typeof poisonWorld>>

/** A worker as a process of its own; leases of 2 s. */
async function startProgram({ url }: World): Promise<ChildProcess & { pid: number }> {
  const { worker, child } = await poisonPrograms()
  const program = spawn(process.execPath, [worker, url, child], { stdio: 'inherit' })
  onTestFinished(() => kill(program))
  return program as ChildProcess & { pid: number }
}

async function kill(program: ChildProcess): Promise<void> {
  if (program.exitCode !== null || program.signalCode !== null) return
  const exited = new Promise((resolve) => program.once('exit', resolve))
  program.kill('SIGKILL')
  await exited
}

test('a worker that is killed takes its processes along, and its jobs run elsewhere', async ({
  skip,
}) => {
  if (process.platform !== 'linux') skip('needs /proc and setpriv')
  const world = await poisonWorld()
  const { 'heavy.second': ids = [] } = await enqueueKinds(world, { 'heavy.second': 3 })
  const program = await startProgram(world)
  for (const id of ids) await isRunning(world, id)
  const pids = await eventually('all processes run', async () => {
    const found = await jobProcessesOf(program.pid)
    return found.length === 3 && found
  })
  const killedAt = Date.now()
  await kill(program)
  await eventually('none is left', async () => {
    const commands = await Promise.all(pids.map(commandOf))
    return commands.every((command) => !command.includes('child.mjs'))
  })
  world.startWorker()
  const ended = await endsOf(world, ids)
  const states = ended.map((job) => [job.status, job.attempts, ...codesOf(job)])
  expect(states).toEqual(ids.map(() => ['completed', 2, 'lease_lost']))
  const reclaimedAt = Math.max(...ended.map(({ leasedAt }) => leasedAt?.getTime() ?? 0))
  console.log(`killed worker with processes: jobs=3 done=3 reclaim_ms=${reclaimedAt - killedAt}`)
})

test('a job that blocks its worker is run alone from then on, and its neighbours end well', async () => {
  const world = await poisonWorld()
  const neighbours = await enqueueKinds(
    world,
    { 'good.second': 20 },
    { attemptsMax: 2, priority: 1 },
  )
  const program = await startProgram(world)
  const ids = neighbours['good.second'] ?? []
  for (const id of ids) await isRunning(world, id)
  const culprit = await enqueueOne(world, 'poison.shared-loop', { attemptsMax: 3 })
  await eventually('the leases of the blocked worker are over', async () => {
    const job = await openJob(world, culprit)
    return job?.leaseExpiresAt && job.leaseExpiresAt.getTime() < Date.now()
  })
  await kill(program) // as its supervisor does
  const others = await enqueueKinds(world, { 'good.shared': 20 })
  world.startWorker({ processes: { ...world.processes, stallMsMax: 1_000 } })
  const good = await endsOf(world, ids)
  const states = good.map((job) => [job.status, job.attempts, ...codesOf(job)])
  expect(states).toEqual(ids.map(() => ['completed', 2, 'lease_lost']))
  expect(good.filter(({ result }) => result?.pid === process.pid)).toEqual([]) // alone
  const [dead] = await endsOf(world, [culprit])
  expect(dead).toMatchObject({ status: 'dead', attempts: 3 })
  expect(dead && codesOf(dead)).toEqual(['lease_lost', 'timeout', 'timeout'])
  const fresh = await endsOf(world, others['good.shared'] ?? [])
  expect(fresh.filter(({ status, attempts }) => status !== 'completed' || attempts > 1)).toEqual([])
})
