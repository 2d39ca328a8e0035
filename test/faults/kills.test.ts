import { beforeAll, expect, test } from 'vitest'
import { eventually } from '../harness/eventually.ts'
import { kill, type Stack, startStack } from '../harness/stack.ts'
import { deadlineMs, rehearse, unlimited, type Victim } from './kills.ts'
import { slowUpload, unfinished } from './uploads.ts'

let stack: Stack
beforeAll(async () => {
  stack = await startStack({ settings: unlimited })
})

test.each<Victim>([
  { role: 'worker' },
  { role: 'caddy' },
  { role: 'postgres' },
  { role: 'isolate', name: 'documents' },
])('kill -9 of $role under load loses nothing that was acknowledged', async (victim) => {
  const { load, lost, before, after } = await rehearse(stack, victim, 1)
  expect(load.acknowledged).toBeGreaterThan(0)
  expect(lost).toEqual([])
  expect(load.longestMs).toBeLessThan(deadlineMs)
  expect(after).toEqual(before)
  if (victim.role === 'worker') expect(load.failures).toEqual([])
})

test('a request that an isolate held when it was killed is answered 502, which is in the error list', async () => {
  const leftByKills = new Set(unfinished(stack))
  const held = slowUpload(stack)
  await eventually('its first bytes are being stored', async () =>
    unfinished(stack).some((name) => !leftByKills.has(name)),
  )
  kill(await stack.pidOf('isolate', 'documents'), 'SIGKILL')
  const { status, headers } = await held.answer
  expect(status).toBe(502)
  expect(headers).toMatchObject({ 'content-type': 'application/problem+json', 'retry-after': '2' })
  const id = headers['x-request-id']
  held.end()
  await stack.becomes('ok')
  const entry = await eventually('the error list has it', async () => {
    const reply = await stack.request(`/v1/logs?request_id=${id}`)
    return ((await reply.json()) as { items: object[] }).items[0]
  })
  expect(entry).toMatchObject({ status: 502, source: 'caddy', level: 'error' })
})

type Health = { status: string; services: Record<string, string> }
type Details = Record<string, { status: string; pid?: number; restarts?: number }>

test('a stack whose worker has stopped says degraded, serves on, and is ok with the next worker', async () => {
  await stack.becomes('ok')
  const details = async () => (await (await stack.request('/v1/health/services')).json()) as Details
  const pid = await stack.pidOf('worker')
  expect((await details()).worker).toMatchObject({ status: 'ok', pid })
  kill(pid, 'SIGSTOP')
  const health = await eventually('health tells of the worker', async () => {
    const response = await stack.request('/v1/health')
    const body = (await response.json()) as Health
    return body.status === 'degraded' && { status: response.status, ...body.services }
  })
  expect(health).toMatchObject({ status: 200, worker: expect.stringMatching(/^(degraded|down)$/) })
  await stack.becomes('ok')
  const { worker } = await details()
  expect(worker?.pid).not.toBe(pid)
  expect(worker?.restarts).toBeGreaterThan(0)
})
