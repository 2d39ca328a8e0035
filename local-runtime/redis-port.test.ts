import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import type { RedisPort } from '../functions/_shared/ports/redis.ts'
import { startTestRedis, testRedis } from '../test/harness/redis.ts'
import { openRedis } from './redis-port.ts'
import { relayLine, setupRelay } from './relay/relay.fixture.ts'
import { until } from './supervisor/testing.ts'

const closers: (() => void)[] = []
const nowhere = 'redis://127.0.0.1:1'
// The promise is 155 ms; the rest is for a machine that is busy with other tests.
const waitMsMax = 155 + 2_000

function open(url: string, password: string | null = null, relaySocket = '/nowhere.sock') {
  const limits = {
    key: { perSecond: 5, burst: 10 },
    address: { perSecond: 5, burst: 10 },
    authFailure: { perMinute: 3 },
  }
  const options = { url, password, commandTimeoutMs: 150, limits, relaySocket }
  const redis = openRedis(options)
  closers.push(redis.close)
  return redis.port
}

async function openShared(): Promise<RedisPort> {
  const { url, password } = await testRedis()
  const port = open(url, password.reveal())
  await until('the connection', async () => (await port.state()).status === 'ok')
  return port
}

afterEach(() => {
  for (const close of closers.splice(0)) close()
})

async function exercise(port: RedisPort) {
  await port.cache.set('page', 'text', 60_000)
  const cached = await port.cache.get('page')
  const first = await port.limits.consume('key', 'somebody', 9)
  const second = await port.limits.consume('key', 'somebody', 2)
  const peeked = await port.limits.peek('key', 'nobody')
  await port.cache.delete('page')
  const deleted = await port.cache.get('page')
  return { cached, first, second, peeked, deleted }
}

const expected = {
  cached: 'text',
  first: { allowed: true, limit: 10, windowSeconds: 2, remaining: 1, resetMs: expect.any(Number) },
  second: {
    allowed: false,
    limit: 10,
    windowSeconds: 2,
    remaining: 0,
    resetMs: expect.any(Number),
  },
  peeked: { allowed: true, limit: 10, windowSeconds: 2, remaining: 10, resetMs: 0 },
  deleted: null,
}

test('cache and limits work in Redis, and two processes share them', async () => {
  const [one, other] = [await openShared(), await openShared()]
  expect(await exercise(one)).toEqual(expected)
  await one.cache.set('shared', 'yes', 60_000)
  expect(await other.cache.get('shared')).toBe('yes')
  expect(await other.limits.consume('key', 'somebody')).toMatchObject({ allowed: false })
  expect(await one.state()).toEqual({ status: 'ok', version: expect.stringMatching(/^\d+\./) })
})

test('cache and limits work in memory while Redis is away', async () => {
  const port = open(nowhere)
  expect(await exercise(port)).toEqual(expected)
  expect(await port.state()).toEqual({ status: 'degraded', version: null })
  expect(await port.errorList.read(10)).toEqual({ entries: [], degraded: true, dropped: 0 })
})

test('counts come from the relay, whether Redis is there or not', async () => {
  const { post, socketPath } = await setupRelay()
  await post([1, 2].map((n) => relayLine({ msg: `job ${n} failed` })))
  expect((await open(nowhere, null, socketPath).errorList.groups()).items).toMatchObject([
    { message: 'job # failed', count: 2 },
  ])
})

test('counts are unavailable while the relay is away, and say so', async () => {
  await expect(open(nowhere).errorList.groups()).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('relay'),
  })
})

test('a Redis that takes connections and never answers holds no call up', async () => {
  const server = createServer(() => {}).listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(() => server.close())
  const port = open(`redis://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const startedAt = performance.now()
  await Promise.all([
    port.cache.get('a'),
    port.cache.set('a', 'b', 1_000),
    port.limits.consume('address', 'a'),
    port.errorList.read(1),
    port.state(),
  ])
  expect(performance.now() - startedAt).toBeLessThan(waitMsMax)
})

test('a Redis that goes away is replaced by memory at the next call', async () => {
  const redis = await startTestRedis()
  const port = open(redis.url, redis.password.reveal())
  await until('the connection', async () => (await port.state()).status === 'ok')
  await redis.stop()
  await port.cache.set('meanwhile', 'old', 60_000)
  expect(await port.cache.get('meanwhile')).toBe('old')
  expect(await port.limits.consume('auth_failure', 'a', 3)).toMatchObject({ allowed: true })
  expect(await port.limits.consume('auth_failure', 'a')).toMatchObject({ allowed: false })
})

/** A Redis of the test's own that can stand still, and a port that reached it. */
async function setupFreezing() {
  const redis = await startTestRedis()
  const port = open(redis.url, redis.password.reveal())
  await until('the connection', async () => (await port.state()).status === 'ok')
  closers.push(() => void process.kill(redis.pid, 'SIGCONT'))
  return { port, redis, freeze: () => process.kill(redis.pid, 'SIGSTOP') }
}

test('a frozen Redis is waited for by the first requests alone, and used again when it wakes', async () => {
  const { port, redis, freeze } = await setupFreezing()
  freeze()
  const waitsMs: number[] = []
  for (let request = 1; request <= 10; request += 1) {
    const startedAt = performance.now()
    await port.limits.consume('auth_failure', 'frozen')
    await port.cache.get('page')
    waitsMs.push(performance.now() - startedAt)
  }
  // Two commands wait 150 ms each, in the first request; the rest is for a machine that is busy with other tests.
  expect(waitsMs.filter((ms) => ms >= 140).length).toBeLessThan(5)
  expect(await port.limits.consume('auth_failure', 'frozen')).toMatchObject({ allowed: false })
  expect((await port.state()).status).toBe('degraded')
  process.kill(redis.pid, 'SIGCONT')
  await until('Redis again', async () => (await port.state()).status === 'ok')
})

test('a Redis that wakes tells nothing that was changed or deleted while it stood still', async () => {
  const { port, redis, freeze } = await setupFreezing()
  for (const key of ['changed', 'deleted']) await port.cache.set(key, 'old', 60_000)
  freeze()
  await Promise.all([port.cache.get('a'), port.cache.get('b')])
  await port.cache.set('changed', 'new', 60_000)
  await port.cache.delete('deleted')
  expect(await port.cache.get('changed')).toBe('new')
  process.kill(redis.pid, 'SIGCONT')
  await until('Redis again', async () => (await port.state()).status === 'ok')
  expect([await port.cache.get('changed'), await port.cache.get('deleted')]).toEqual([null, null])
})

test('a value is gone after its time', async () => {
  const port = await openShared()
  await port.cache.set('short', 'lived', 30)
  await until('the end of its time', async () => (await port.cache.get('short')) === null)
})
