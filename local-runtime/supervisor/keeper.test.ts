import { expect, test } from 'vitest'
import { recordedLog } from '../../test/harness/log.ts'
import { Backoff } from './backoff.ts'
import type { Exit } from './child.ts'
import { type Duty, Keeper } from './keeper.ts'
import { until } from './testing.ts'

/** Processes that exist only here: how many run, and how to end one. */
function processes() {
  const alive: number[] = []
  const all: { pid: number; die(): void }[] = []
  const start = async () => {
    const pid = all.length + 1
    const { promise: exited, resolve } = Promise.withResolvers<Exit>()
    const die = (signal: NodeJS.Signals = 'SIGKILL') => {
      alive.splice(alive.indexOf(pid), 1)
      resolve({ code: null, signal })
    }
    alive.push(pid)
    all.push({ pid, die })
    return { pid, exited, stop: async () => die('SIGTERM') }
  }
  return { alive, all, start }
}

const duty = (start: Duty['start'], more: Partial<Duty> = {}): Duty => ({
  role: 'isolate',
  name: 'users',
  version: '1',
  overlap: true,
  start,
  ...more,
})

const setup = () => ({ ...processes(), keeper: new Keeper(recordedLog()) })

test('an equal version is left alone and another one replaces it', async () => {
  const { keeper, alive, start } = setup()
  expect(await keeper.ensure(duty(start))).toBe('started')
  expect(await keeper.ensure(duty(start))).toBe('unchanged')
  expect(alive).toEqual([1])
  expect(await keeper.ensure(duty(start, { version: '2' }))).toBe('replaced')
  await until('the end of the first', () => alive.length === 1)
  expect(alive).toEqual([2])
})

test('a process that dies is started again, and the error list hears of it', async () => {
  const log = recordedLog()
  const keeper = new Keeper(log)
  const { all, alive, start } = processes()
  await keeper.ensure(duty(start))
  all[0]?.die()
  await until('the restart', () => alive.includes(2))
  expect(keeper.restarts).toBe(1)
  expect(JSON.stringify(log.lines)).toContain('isolate users ended unexpectedly')
})

test('a successor that does not start leaves the predecessor serving', async () => {
  const { keeper, alive, start } = setup()
  await keeper.ensure(duty(start))
  const failing = duty(async () => Promise.reject(new Error('no')), { version: '2' })
  await expect(keeper.ensure(failing)).rejects.toThrow('no')
  expect(alive).toEqual([1])
  expect(keeper.duty?.version).toBe('1')
})

test('where two cannot run at once the predecessor ends first', async () => {
  const { keeper, alive, start } = setup()
  const most: number[] = []
  const counted = async () => {
    const running = await start()
    most.push(alive.length)
    return running
  }
  await keeper.ensure(duty(counted, { overlap: false }))
  await keeper.ensure(duty(counted, { overlap: false, version: '2' }))
  expect(most).toEqual([1, 1])
})

test('what was stopped stays stopped', async () => {
  const { keeper, all, alive, start } = setup()
  await keeper.ensure(duty(start))
  await keeper.stop()
  expect(alive).toEqual([])
  expect(all).toHaveLength(1)
  expect(keeper.running).toBeNull()
})

test('a process that cannot be started again is tried until it can', async () => {
  const { keeper, all, alive, start } = setup()
  let refusals = 3
  const flaky = async () => {
    if (all.length > 0 && refusals-- > 0) throw new Error('not yet')
    return start()
  }
  await keeper.ensure(duty(flaky))
  all[0]?.die()
  await until('the restart', () => alive.includes(2))
  expect(refusals).toBeLessThan(1)
})

test('the first restart is immediate, later ones wait longer, with jitter, up to a limit', () => {
  const calm = new Backoff(() => 1)
  expect([1, 1, 1, 1].map((lived) => calm.nextMs(lived))).toEqual([0, 200, 400, 800])
  const jittered = new Backoff(() => 0)
  expect([1, 1].map((lived) => jittered.nextMs(lived))).toEqual([0, 100])
  const long = new Backoff(() => 1)
  for (let count = 0; count < 20; count += 1) long.nextMs(1)
  expect(long.nextMs(1)).toBe(10_000)
  expect(long.nextMs(60_000)).toBe(0)
})

test('a process that served before it was killed is soon back, however often that happens', () => {
  const backoff = new Backoff(() => 1)
  const waits = Array.from({ length: 12 }, () => backoff.nextMs(1_500))
  expect(Math.max(...waits)).toBe(500)
})

test('when everything ends, each process has the time that its duty names, or 5 s', async () => {
  const waits: (number | undefined)[] = []
  for (const more of [{ endMsMax: 27_000 }, {}]) {
    const { keeper, start } = setup()
    const running = async () => ({
      ...(await start()),
      stop: async (waitMs?: number) => waits.push(waitMs),
    })
    await keeper.ensure(duty(running, more))
    await keeper.stop()
  }
  expect(waits).toEqual([27_000, 5_000])
})
