import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { eventually } from '../harness/eventually.ts'
import { kill, type Stack, startStack } from '../harness/stack.ts'
import { type Foreign, foreignPostgres, foreignRedis } from './services.ts'

// A request that finds no database is answered by the pool's own limit, long before the function's 25 s.
const deadlineMs = 25_000

let stack: Stack
let database: Foreign
let redis: Foreign
let documentId: string

beforeAll(async () => {
  ;[database, redis] = await Promise.all([foreignPostgres(), foreignRedis()])
  const settings = { DATABASE_URL: database.url, REDIS_URL: redis.url }
  stack = await startStack({
    settings: { ...settings, RATE_KEY_PER_SECOND: '20', RATE_KEY_BURST: '60' },
  })
  const reply = await stack.request('/v1/documents?filename=a.txt', { method: 'POST', body: 'fox' })
  documentId = ((await reply.json()) as { id: string }).id
})

const json = { 'content-type': 'application/json' }
const newUser = () =>
  JSON.stringify({ email: `${crypto.randomUUID()}@octavo.test`, display_name: 'U', role: 'viewer' })

/** One of each kind of request, together; with the longest time that one took. */
async function askAll() {
  const startedAt = performance.now()
  let longestMs = 0
  const one = async (path: string, init: RequestInit = {}) => {
    const response = await stack.request(path, init)
    longestMs = Math.max(longestMs, Math.round(performance.now() - startedAt))
    return response
  }
  const replies = await Promise.all([
    one('/v1/users/me'),
    one(`/v1/documents/${documentId}`),
    one('/v1/documents?limit=2'),
    one('/v1/search?q=fox'),
    one('/v1/jobs?limit=2'),
    one('/v1/users', { method: 'POST', headers: json, body: newUser() }),
    one('/v1/documents', { method: 'POST', body: crypto.randomUUID() }),
  ])
  return { replies, longestMs, statuses: replies.map(({ status }) => status) }
}

const wellStatuses = [200, 200, 200, 200, 200, 201, 202]
const stateOf = async (path: string) => {
  const response = await fetch(`${stack.baseUrl}${path}`)
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

test('while Redis hangs or is gone every request is answered, and health says degraded', async () => {
  expect((await askAll()).statuses).toEqual(wellStatuses)
  onTestFinished(() => void kill(redis.pid(), 'SIGCONT'))
  kill(redis.pid(), 'SIGSTOP')
  const hanging = await askAll()
  expect(hanging.statuses).toEqual(wellStatuses)
  await stack.becomes('degraded')
  expect((await stateOf('/readyz')).status).toBe(200)
  kill(redis.pid(), 'SIGCONT')
  await stack.becomes('ok')
  await redis.stop()
  const gone = await askAll()
  expect(gone.statuses).toEqual(wellStatuses)
  await stack.becomes('degraded')
  expect(await stateOf('/readyz')).toMatchObject({ status: 200, body: { status: 'degraded' } })
  console.log(
    `fault=redis hanging_longest_ms=${hanging.longestMs} gone_longest_ms=${gone.longestMs}`,
  )
})

test('without Redis limits are kept in memory and warnings in the relay', async () => {
  await redis.stop()
  const marker = `without Redis ${crypto.randomUUID()}`
  const body = JSON.stringify({ level: 'warn', message: marker })
  expect((await stack.request('/v1/logs', { method: 'POST', headers: json, body })).status).toBe(
    202,
  )
  await eventually('the entry is read', async () => {
    const { items, degraded } = (await (await stack.request('/v1/logs')).json()) as {
      items: { message: string }[]
      degraded: boolean
    }
    return degraded && items.some(({ message }) => message === marker)
  })
  const burst = Array.from({ length: 200 }, () => stack.request('/v1/users/me'))
  const replies = await Promise.all(burst)
  const refused = replies.filter(({ status }) => status === 429)
  expect(refused.length).toBeGreaterThan(0)
  expect(refused[0]?.headers.get('retry-after')).toMatch(/^\d+$/)
  await redis.start()
  await stack.becomes('ok')
})

test('while Postgres is gone requests are 503 in time, and no process ends by it', async () => {
  const pids = async () => (await stack.processes()).map(({ pid }) => pid)
  const before = await pids()
  await eventually('the limit allows again', async () => (await askAll()).statuses[0] === 200)
  await database.stop()
  let longestMs = 0
  for (let round = 0; round < 2; round += 1) {
    const { replies, longestMs: ms } = await askAll()
    longestMs = Math.max(longestMs, ms)
    for (const reply of replies) {
      expect(reply.status).toBe(503)
      expect(reply.headers.get('content-type')).toBe('application/problem+json')
      expect(reply.headers.get('retry-after')).toMatch(/^\d+$/)
      expect(await reply.json()).toMatchObject({ code: 'unavailable', status: 503 })
    }
  }
  expect(longestMs).toBeLessThan(deadlineMs)
  expect((await stateOf('/livez')).status).toBe(200)
  expect((await stateOf('/readyz')).status).toBe(503)
  await database.start()
  const returnedAt = performance.now()
  await eventually('every request is served again', async () => {
    const statuses = (await askAll()).statuses
    return statuses.every((status) => status < 300)
  })
  const readyMs = Math.round(performance.now() - returnedAt)
  expect(await pids()).toEqual(before)
  console.log(`fault=postgres-outage longest_ms=${longestMs} ready_ms=${readyMs}`)
})
