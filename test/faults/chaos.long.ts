import { randomInt } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { eventually } from '../harness/eventually.ts'
import { kill, startStack } from '../harness/stack.ts'
import { deadlineMs, unlimited } from './kills.ts'
import { Load } from './load.ts'

const kills = 25

test('kill -9 of whatever comes, one before the last is back, loses nothing and is repaired', async () => {
  const stack = await startStack({ settings: unlimited })
  const count = (await stack.processes()).length
  const load = new Load(stack)
  const killed: string[] = []
  while (killed.length < kills) {
    await pause(randomInt(1_000))
    const victims = (await stack.processes()).filter(({ role }) => role !== 'supervisor')
    const victim = victims[randomInt(victims.length)]
    if (victim && kill(victim.pid, 'SIGKILL')) killed.push(victim.role)
  }
  const lastAt = performance.now()
  await stack.becomes('ok', 60_000)
  const restoredMs = Math.round(performance.now() - lastAt)
  await load.stop()
  const lost = await load.lost()
  await eventually(
    'the number of processes is what it was',
    async () => (await stack.ownPids()).length === count,
    60_000,
  )
  console.log(
    `fault=any kills=${kills} requests=${load.requests} acknowledged=${load.acknowledged} ` +
      `lost=${lost.length} failed=${load.failures.length} longest_ms=${load.longestMs} restored_ms=${restoredMs}`,
  )
  expect(lost).toEqual([])
  expect(load.longestMs).toBeLessThan(deadlineMs)
})
