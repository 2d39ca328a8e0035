import { beforeAll, expect, test } from 'vitest'
import { type Stack, startStack } from '../harness/stack.ts'
import { deadlineMs, rehearse, unlimited, type Victim } from './kills.ts'

const kills = 8

let stack: Stack
beforeAll(async () => {
  stack = await startStack({ settings: unlimited })
})

test.each<Victim>([
  { role: 'isolate', name: 'documents' },
  { role: 'isolate', name: 'users' },
  { role: 'worker' },
  { role: 'relay' },
  { role: 'redis' },
  { role: 'caddy' },
  { role: 'postgres' },
])('eight kills under load lose nothing that was acknowledged: $role', async (victim) => {
  const { load, lost, before, after } = await rehearse(stack, victim, kills)
  expect(lost).toEqual([])
  expect(load.longestMs).toBeLessThan(deadlineMs)
  expect(after).toEqual(before)
  if (['worker', 'relay', 'redis'].includes(victim.role)) expect(load.failures).toEqual([])
})
