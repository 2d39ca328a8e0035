import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { eventually } from '../harness/eventually.ts'
import { startStack } from '../harness/stack.ts'
import { deadlineMs, unlimited } from './kills.ts'
import { Load } from './load.ts'
import { foreignPostgres } from './services.ts'

const outageMs = 20_000
const readyMsMax = 2_000

test('after 20 s without Postgres under load everything is ready within 2 s, in the same processes', async () => {
  const database = await foreignPostgres()
  const stack = await startStack({ settings: { ...unlimited, DATABASE_URL: database.url } })
  const pids = async () => (await stack.processes()).map(({ pid }) => pid)
  const before = await pids()
  const load = new Load(stack)
  await eventually('the load runs', async () => load.acknowledged > 50)
  await database.stop()
  await pause(outageMs)
  await database.start()
  const returnedAt = performance.now()
  const readyMs = async (path: string, init?: RequestInit) => {
    await eventually(path, async () => (await stack.request(path, init)).ok)
    return Math.round(performance.now() - returnedAt)
  }
  const times = await Promise.all([
    readyMs('/readyz'),
    readyMs('/v1/users/me'),
    readyMs('/v1/search?q=fox'),
    readyMs('/v1/jobs'),
    readyMs('/v1/documents', { method: 'POST', body: crypto.randomUUID() }),
  ])
  const uploaded = await stack.request('/v1/documents', { method: 'POST', body: 'read me' })
  const { id } = (await uploaded.json()) as { id: string }
  await load.stop()
  await eventually(
    'the worker works again',
    async () => {
      const reply = await stack.request(`/v1/documents/${id}`)
      return ((await reply.json()) as { status: string }).status === 'completed'
    },
    60_000,
  )
  console.log(
    `fault=postgres-outage outage_ms=${outageMs} requests=${load.requests} acknowledged=${load.acknowledged} ` +
      `failed=${load.failures.length} longest_ms=${load.longestMs} ready_ms=${Math.max(...times)}`,
  )
  expect(new Set(load.failures.map(({ status }) => status))).toEqual(new Set([503]))
  expect(load.longestMs).toBeLessThan(deadlineMs)
  expect(Math.max(...times)).toBeLessThan(readyMsMax)
  expect(await load.lost()).toEqual([])
  expect(await pids()).toEqual(before)
})
