import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { expect, onTestFinished, test } from 'vitest'
import { startTestRedis, testRedis } from '../../test/harness/redis.ts'
import type { RunningRedis } from '../services/redis.ts'
import { caddyLine, eventually, newRunFolder, relayLine, setupRelay } from './relay.fixture.ts'

const targetOf = ({ url, socket, password }: RunningRedis) => ({
  url,
  socket,
  password: password.reveal(),
})

/** The list as a stranger sees it. */
function listReader({ socket, password }: RunningRedis) {
  const redis = new Redis(socket, { password: password.reveal() })
  redis.on('error', () => {})
  onTestFinished(() => redis.disconnect())
  const messages = async () =>
    (await redis.lrange('logs:errors', 0, -1)).map((json) => JSON.parse(json).message as string)
  return { redis, messages, length: () => redis.llen('logs:errors') }
}

const clients = async (redis: Redis) => String(await redis.client('LIST'))
const relayId = async (redis: Redis) =>
  /id=(\d+) .*name=octavo-relay /.exec(await clients(redis))?.[1]

async function setupWithRedis(running?: RunningRedis) {
  const redis = running ?? (await testRedis())
  const reader = listReader(redis)
  await reader.redis.del('logs:errors')
  const relay = await setupRelay(targetOf(redis))
  await eventually(async () => !(await relay.health()).degraded)
  return { ...relay, reader, redis }
}

test('entries stand in the Redis list newest first, as JSON of the contract', async () => {
  const { post, reader, entries } = await setupWithRedis()
  await post([relayLine({ msg: 'first' }), relayLine({ msg: 'second', status: 404 })])
  await eventually(async () => (await reader.length()) === 2)
  const [newest] = await reader.redis.lrange('logs:errors', 0, 0)
  expect(JSON.parse(newest ?? '')).toMatchObject({ level: 'warn', status: 404, message: 'second' })
  expect(await reader.messages()).toEqual(['second', 'first'])
  expect((await entries()).degraded).toBe(false)
})

test('a line that waited stands below what was pushed meanwhile, in Redis and in memory', async () => {
  const { post, connectAsCaddy, reader, messages } = await setupWithRedis()
  const at = Date.now()
  await post([relayLine({ msg: 'old', time: at - 500 })])
  const caddy = await connectAsCaddy()
  caddy.write(`${caddyLine('waits-1')}\n`)
  await post([relayLine({ msg: 'new', time: at + 400 })])
  await eventually(async () => (await reader.length()) === 2)
  await eventually(async () => (await reader.length()) === 3)
  const ordered = ['new', 'The function answered 502', 'old']
  expect([await reader.messages(), await messages()]).toEqual([ordered, ordered])
})

test('a late entry whose newer neighbour somebody removed finds its place by merging', async () => {
  const { post, reader, entries } = await setupWithRedis()
  const at = Date.now()
  await post([relayLine({ msg: 'new', time: at })])
  await eventually(async () => (await reader.length()) === 1)
  await reader.redis.del('logs:errors')
  await post([relayLine({ msg: 'late', time: at - 100 })])
  await eventually(async () => (await reader.length()) === 2)
  expect(await reader.messages()).toEqual(['new', 'late'])
  expect((await entries()).entries).toHaveLength(2)
})

test('of 200 entries a late one takes the place of the oldest, and nobody sees 201', async () => {
  const { post, reader } = await setupWithRedis()
  const at = Date.now()
  const lines = Array.from({ length: 200 }, (_, i) => relayLine({ msg: `m${i}`, time: at + i }))
  await post(lines)
  await eventually(async () => (await reader.length()) === 200)
  const monitor = await reader.redis.duplicate().monitor()
  onTestFinished(() => monitor.disconnect())
  const commands: string[] = []
  monitor.on('monitor', (_time, args) => commands.push(String(args[0]).toLowerCase()))
  await post([relayLine({ msg: 'late', time: at + 100 })])
  await eventually(async () => (await reader.messages()).includes('late'))
  const all = await reader.messages()
  expect([all.length, all[99], all.at(-1)]).toEqual([200, 'late', 'm1'])
  const written = commands.filter((name) => name !== 'lrange')
  expect(written).toEqual(['multi', 'linsert', 'ltrim', 'exec'])
})

test('of 100,000 lines nobody ever sees more than 200, the newest stay, and all are counted', async () => {
  const { connectAsCaddy, reader, health, groups } = await setupWithRedis()
  const caddy = await connectAsCaddy()
  const rssBefore = process.memoryUsage.rss()
  const seen = { max: 0, isReading: true }
  const watching = (async () => {
    while (seen.isReading) seen.max = Math.max(seen.max, await reader.length())
  })()
  // Every line has its own request id, so that each waits for a function's line for a while.
  for (let i = 0; i < 100_000; i += 1) {
    const isFull = !caddy.write(`${caddyLine(`request-${i}`, i === 99_999 ? 502 : 404)}\n`)
    if (isFull) await new Promise((resolve) => caddy.once('drain', resolve))
  }
  await eventually(async () => (await health()).counters.kept === 100_000)
  const newest = 'request-99999'
  await eventually(async () => {
    const [json] = await reader.redis.lrange('logs:errors', 0, 0)
    return JSON.parse(json ?? '{}').request_id === newest
  })
  seen.isReading = false
  await watching
  expect([seen.max, await reader.length()]).toEqual([200, 200])
  expect((await groups()).items.map(({ status, count }) => [status, count])).toEqual([
    [404, 99_999],
    [502, 1],
  ])
  // The lines themselves were 30 MB; what waits is bounded by 1,000 lines and 200 entries.
  expect(process.memoryUsage.rss() - rssBefore).toBeLessThan(200 * 1024 ** 2)
})

test('a frozen Redis slows no intake, and when it wakes the list is whole and nothing stands twice', async () => {
  const { post, messages, health, reader, redis } = await setupWithRedis(await startTestRedis())
  await post([relayLine({ msg: 'before' })])
  await eventually(async () => (await reader.length()) === 1)
  process.kill(redis.pid, 'SIGSTOP')
  onTestFinished(() => void process.kill(redis.pid, 'SIGCONT'))
  await post([relayLine({ msg: 'frozen 1' })])
  await eventually(async () => (await health()).degraded)
  await post([relayLine({ msg: 'frozen 2' })])
  expect(await messages()).toEqual(['frozen 2', 'frozen 1', 'before'])
  process.kill(redis.pid, 'SIGCONT')
  await eventually(async () => !(await health()).degraded)
  await post([relayLine({ msg: 'after' })])
  await eventually(async () => (await reader.messages())[0] === 'after')
  expect(await reader.messages()).toEqual(['after', 'frozen 2', 'frozen 1', 'before'])
})

/** A way to Redis on which the bytes of one connection can be held up, as a network does. */
async function setupHoldingProxy(redisSocket: string) {
  const upstreams: Socket[] = []
  const held: (() => void)[] = []
  const state = { isHolding: false }
  const path = join(await newRunFolder(), 'proxy.sock')
  const proxy = createServer({ allowHalfOpen: true }, (client) => {
    const upstream = connect(redisSocket)
    upstreams.push(upstream)
    const place = upstreams.length
    client.on('data', (chunk) => {
      if (state.isHolding && place === 1) held.push(() => upstream.write(chunk))
      else upstream.write(chunk)
    })
    for (const end of [client, upstream]) end.on('error', () => {})
    upstream.on('data', (chunk) => client.write(chunk)).on('close', () => client.destroy())
  })
  await new Promise<void>((resolve) => proxy.listen(path, resolve))
  onTestFinished(() => {
    for (const upstream of upstreams) upstream.destroy()
    proxy.close()
  })
  return { path, upstreams, held, state }
}

test('a push that the network delivers after the connection was given up does not stand twice', async () => {
  const redis = await testRedis()
  const reader = listReader(redis)
  await reader.redis.del('logs:errors')
  const { path, upstreams, held, state } = await setupHoldingProxy(redis.socket)
  const { post, health } = await setupRelay({ ...targetOf(redis), socket: path })
  await eventually(async () => !(await health()).degraded)
  state.isHolding = true
  await post([relayLine({ msg: 'late' })])
  await eventually(() => upstreams.length > 1)
  await eventually(async () => !(await health()).degraded)
  for (const release of held) release()
  // Redis has ended that connection: whatever arrives on it now is not run.
  await eventually(() => upstreams[0]?.destroyed === true)
  expect(held.length).toBeGreaterThan(0)
  expect(await reader.messages()).toEqual(['late'])
})

test('a Redis that died and came back empty gets the list again', async () => {
  const { post, health, reader } = await setupWithRedis()
  await post([relayLine({ msg: 'kept' })])
  await eventually(async () => (await reader.length()) === 1)
  // Empty and all connections cut: what a client sees of a restart.
  await reader.redis.flushall()
  await reader.redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
  await eventually(async () => !(await health()).degraded && (await reader.length()) === 1)
  expect(await reader.messages()).toEqual(['kept'])
})

test('a relay that takes over keeps what its predecessor left in Redis', async () => {
  const first = await setupWithRedis()
  await first.post([relayLine({ msg: 'old' })])
  await eventually(async () => (await first.reader.length()) === 1)
  await first.relay.close()
  const second = await setupRelay(targetOf(first.redis))
  await eventually(async () => !(await second.health()).degraded)
  await second.post([relayLine({ msg: 'new' })])
  await eventually(async () => (await first.reader.length()) === 2)
  expect(await first.reader.messages()).toEqual(['new', 'old'])
  expect(await second.messages()).toEqual(['new', 'old'])
})

test('what another relay writes while this one merges is not overwritten', async () => {
  const { post, health, reader, redis } = await setupWithRedis()
  const other = listReader(redis)
  await post([relayLine({ msg: 'ours' })])
  await eventually(async () => (await reader.length()) === 1)
  await reader.redis.del('logs:errors')
  // Writes wait in the order of their arrival, reads do not: the merge reads before the other's entry is there.
  await reader.redis.call('CLIENT', 'PAUSE', '10000', 'WRITE')
  const theirs = JSON.stringify({ time: new Date().toISOString(), message: 'theirs' })
  const pushed = other.redis.lpush('logs:errors', theirs)
  await reader.redis.call('CLIENT', 'KILL', 'ID', String(await relayId(reader.redis)))
  await eventually(async () => /name=octavo-relay .*flags=xb/.test(await clients(reader.redis)))
  await reader.redis.call('CLIENT', 'UNPAUSE')
  await pushed
  await eventually(async () => !(await health()).degraded && (await reader.length()) === 2)
  expect((await reader.messages()).sort()).toEqual(['ours', 'theirs'])
})

test('two relays on one Redis lose no entry of each other', async () => {
  const one = await setupWithRedis()
  const two = await setupRelay(targetOf(one.redis))
  await one.post([relayLine({ msg: 'one' })])
  await two.post([relayLine({ msg: 'two' })])
  await eventually(async () => (await one.reader.length()) === 2)
  await one.reader.redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
  await eventually(async () => !(await one.health()).degraded && !(await two.health()).degraded)
  expect((await one.reader.messages()).sort()).toEqual(['one', 'two'])
})
