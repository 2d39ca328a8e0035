import { randomInt } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { afterEach, expect, test, vi } from 'vitest'
import { loadConfig, Secret } from '../config.ts'
import { checkRedis } from './health.ts'
import { poll, startChild } from './process.ts'
import { type RedisOptions, type RunningRedis, startRedis } from './redis.ts'

// Programs are started, and perhaps fetched, beside other files' servers.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 })

const { services: servicesDir } = loadConfig({}, { envFile: null }).paths
const homes: string[] = []
const servers: RunningRedis[] = []

function newHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'octavo-redis-'))
  homes.push(home)
  return home
}

async function start(home: string, options: Partial<RedisOptions> = {}): Promise<RunningRedis> {
  const port = randomInt(12_000, 29_000)
  const server = await startRedis({ home, port, servicesDir, ...options })
  servers.push(server)
  return server
}

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()))
  for (const home of homes.splice(0)) rmSync(home, { recursive: true, force: true })
})

const health = ({ url, password }: RunningRedis) => checkRedis({ url, password, timeoutMs: 2000 })

test('our Redis keeps nothing, has a memory limit that spares the error list, and writes no file', async () => {
  const home = newHome()
  const server = await start(home, { bytesMax: 8 * 1024 ** 2 })
  const redis = new Redis(server.socket, { password: server.password.reveal() })
  const settings = await redis.config(
    'GET',
    'save',
    'appendonly',
    'maxmemory',
    'maxmemory-policy',
    'bind',
  )
  expect(settings).toEqual(
    expect.arrayContaining([
      'save',
      '',
      'appendonly',
      'no',
      'maxmemory',
      '8388608',
      'maxmemory-policy',
      'volatile-lru',
    ]),
  )
  await redis.set('key', 'value')
  await redis.quit()
  await server.stop()
  expect(readdirSync(join(home, 'redis'))).toEqual(['redis.conf'])
})

test('nobody gets in without the password, which stands in a file for its owner and in no argument', async () => {
  const home = newHome()
  const server = await start(home)
  expect(await health(server)).toEqual({ status: 'ok', version: expect.stringMatching(/^\d+\./) })
  expect(await checkRedis({ url: server.url, password: null, timeoutMs: 2000 })).toEqual({
    status: 'down',
    detail: 'NOAUTH',
  })
  const wrong = Secret.ofValue('wrong', 'test')
  expect(await checkRedis({ url: server.url, password: wrong, timeoutMs: 2000 })).toEqual({
    status: 'down',
    detail: 'WRONGPASS',
  })
  expect(readFileSync(`/proc/${server.pid}/cmdline`, 'utf8')).not.toContain(
    server.password.reveal(),
  )
  expect(statSync(join(home, 'redis', 'redis.conf')).mode & 0o777).toBe(0o600)
})

test('a password may hold quotes, backslashes and blanks', async () => {
  const password = Secret.ofValue(`it's "quoted" \\ 100%`, 'test')
  expect(await health(await start(newHome(), { password }))).toMatchObject({ status: 'ok' })
})

test('a stopped Redis is down within the time given', async () => {
  const server = await start(newHome())
  await server.stop()
  expect(await health(server)).toEqual({ status: 'down', detail: 'ECONNREFUSED' })
})

test('a server that takes connections and never answers is down too', async () => {
  const silent = createServer(() => {})
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const { port } = silent.address() as { port: number }
  const verdict = await checkRedis({
    url: `redis://127.0.0.1:${port}`,
    password: null,
    timeoutMs: 200,
  })
  expect(verdict.status).toBe('down')
  silent.close()
})

test('after kill -9 of Redis the next start works in the same home', async () => {
  const home = newHome()
  const first = await start(home)
  process.kill(first.pid, 'SIGKILL')
  await first.exited
  expect(await health(await start(home))).toMatchObject({ status: 'ok' })
})

test('a Redis whose supervisor was killed is gone, and its port is free for the next start', async () => {
  const home = newHome()
  const port = randomInt(12_000, 29_000)
  const source = `import { startRedis } from '${import.meta.dirname}/redis.ts'
const { pid } = await startRedis({ home: '${home}', port: ${port}, servicesDir: '${servicesDir}' })
console.log('server', pid, 'end')`
  const child = await startChild({
    program: process.execPath,
    args: ['--input-type=module-typescript', '-e', source],
  })
  const orphan = await poll(() => /server (\d+) end/.exec(child.tail())?.[1] ?? null, {
    timeoutMs: 20_000,
  })
  await child.stop(['SIGKILL', 5000])
  const server = await start(home, { port })
  expect(String(server.pid)).not.toBe(orphan)
  expect(await health(server)).toMatchObject({ status: 'ok' })
})

test('of two starts of one home at once one wins and the other is refused in a sentence', async () => {
  const home = newHome()
  const starts = await Promise.allSettled([start(home), start(home)])
  expect(starts.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  const refused = starts.find((each) => each.status === 'rejected')
  expect(String(refused?.reason)).toMatch(
    /^ServiceError: Redis in .* is already run by process \d+/,
  )
})
