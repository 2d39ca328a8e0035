import type { Socket } from 'node:net'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { type Stack, startStack } from '../harness/stack.ts'
import {
  honestRequests,
  idleConnections,
  manyHeaderLines,
  slowBodies,
  slowHeaders,
} from './abuse.ts'

let stack: Stack
beforeAll(async () => {
  stack = await startStack()
})

test.each<[string, number, (stack: Stack, count: number) => Promise<Socket[]>]>([
  ['idle connections', 2_000, idleConnections],
  ['endless headers', 500, slowHeaders],
  ['trickling uploads', 200, slowBodies],
])('%s keep nobody from being served', async (name, count, abuse) => {
  const sockets = await abuse(stack, count)
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
  })
  const { requests, failed, longestMs } = await honestRequests(stack, 50)
  const open = sockets.filter(({ destroyed }) => !destroyed).length
  console.log(
    `abuse="${name}" connections=${count} open=${open} requests=${requests} failed=${failed} longest_ms=${longestMs}`,
  )
  expect(failed).toBe(0)
})

test('a request of 100,000 header lines is refused at once', async () => {
  expect(await manyHeaderLines(stack, 100_000)).toMatch(/^(HTTP\/1.1 431|HTTP\/1.1 400|$)/)
  expect((await honestRequests(stack, 5)).failed).toBe(0)
})
