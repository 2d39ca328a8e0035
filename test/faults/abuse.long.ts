import type { Socket } from 'node:net'
import { beforeAll, expect, test } from 'vitest'
import { eventually } from '../harness/eventually.ts'
import { type Stack, startStack } from '../harness/stack.ts'
import { honestRequests, idleConnections, slowBodies, slowHeaders } from './abuse.ts'

let stack: Stack
beforeAll(async () => {
  stack = await startStack()
})

test.each<[string, number, (stack: Stack, count: number) => Promise<Socket[]>]>([
  ['idle connections', 2_000, idleConnections],
  ['endless headers', 500, slowHeaders],
  ['trickling uploads', 200, slowBodies],
])('%s are cut off, and nothing of them stays', async (name, count, abuse) => {
  const before = await stack.memory()
  const startedAt = performance.now()
  const sockets = await abuse(stack, count)
  const during = await stack.memory()
  await eventually(
    'all are cut off',
    async () => sockets.every(({ closed }) => closed),
    150_000, // Caddy gives a connection that says nothing two minutes
  )
  const cutOffMs = Math.round(performance.now() - startedAt)
  const { failed } = await honestRequests(stack, 20)
  const inMebibytes = (bytes: number) => Math.round(bytes / 1024 ** 2)
  console.log(
    `abuse="${name}" connections=${count} cut_off_ms=${cutOffMs} ` +
      `memory_mib=${[before, during, await stack.memory()].map(inMebibytes).join(',')}`,
  )
  expect(failed).toBe(0)
})
