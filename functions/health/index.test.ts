import { sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { openDatabase } from '../../db/client.ts'
import { newestMigration } from '../../db/newest-migration.ts'
import { createTestDatabase, onFileEnd } from '../../test/harness/database.ts'
import { setup } from '../../test/harness/setup.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import { createApp } from './index.ts'

const openOptions = {
  poolMax: 2,
  prepare: true,
  applicationName: 'octavo-test-health',
  statementTimeoutMs: 1_000,
  connectTimeoutMs: 1_000,
}

function openAt(url: string) {
  const database = openDatabase({ ...openOptions, url })
  onFileEnd(() => database.close())
  return database.db
}

// Nothing listens on the discard port of the loopback.
const awayUrl = 'postgres://nobody:secret-word@127.0.0.1:9/hidden_name'
const withDeps = (deps: Partial<Deps>) => setup(createApp, { deps })

test('the process answers without a key and without a database', async () => {
  const { get } = await withDeps({ db: openAt(awayUrl) })
  const reply = await get('/livez', { as: 'nobody' })
  expect([reply.status, await reply.json()]).toEqual([200, { status: 'ok' }])
})

test('a migrated database, storage and Redis make it ready', async () => {
  const { get } = await setup(createApp)
  const reply = await get('/readyz', { as: 'nobody' })
  expect(reply.status).toBe(200)
  expect(await reply.json()).toEqual({
    status: 'ok',
    checks: { database: 'ok', migrations: 'ok', storage: 'ok', redis: 'ok' },
  })
})

test('without Redis it is degraded, and still ready', async () => {
  const { redis, config } = await setup(createApp)
  const state = async () => ({ status: 'degraded' as const, version: null })
  const { get } = await withDeps({ redis: { ...redis, state } })
  const ready = await get('/readyz', { as: 'nobody' })
  expect(ready.status).toBe(200)
  expect(await ready.json()).toMatchObject({ status: 'degraded', checks: { redis: 'degraded' } })
  const health = await get('/v1/health', { as: 'nobody' })
  expect(await health.json()).toMatchObject({ status: 'degraded', version: config.version })
})

test('a Redis client that fails or hangs is degraded too, and does not hold the probe', async () => {
  const { redis } = await setup(createApp)
  for (const state of [
    () => Promise.reject(new Error('gone')),
    () => new Promise<never>(() => {}),
  ]) {
    const { get } = await withDeps({ redis: { ...redis, state } })
    const reply = await get('/readyz', { as: 'nobody' })
    expect(reply.status).toBe(200)
    expect(await reply.json()).toMatchObject({ checks: { redis: 'degraded' } })
  }
})

test.each(['/readyz', '/v1/health'])(
  'without Postgres %s is a 503 problem with Retry-After that names no host',
  async (path) => {
    const { get } = await withDeps({ db: openAt(awayUrl) })
    const reply = await get(path, { as: 'nobody' })
    expect(reply.status).toBe(503)
    expect(reply.headers.get('content-type')).toBe('application/problem+json')
    expect(Number(reply.headers.get('retry-after'))).toBeGreaterThan(0)
    const text = await reply.text()
    expect(JSON.parse(text)).toMatchObject({
      code: 'unavailable',
      detail: 'Not ready: database, migrations.',
    })
    expect(text).not.toMatch(/127\.0\.0\.1|secret-word|hidden_name|nobody/)
  },
)

test('a database that was never migrated is not ready', async () => {
  const { url } = await createTestDatabase({ empty: true })
  const { get } = await withDeps({ db: openAt(url) })
  const reply = await get('/readyz', { as: 'nobody' })
  expect(reply.status).toBe(503)
  expect(await reply.json()).toMatchObject({ detail: 'Not ready: migrations.' })
})

test('a database that lacks the newest migration is not ready, one that has a newer one is', async () => {
  const { url } = await createTestDatabase()
  const db = openAt(url)
  const { get } = await withDeps({ db })
  const status = async () => (await get('/readyz', { as: 'nobody' })).status
  const dateNewest = (at: number) =>
    db.execute(sql`update drizzle.__drizzle_migrations set created_at = ${at}
      where created_at = (select max(created_at) from drizzle.__drizzle_migrations)`)
  await dateNewest(newestMigration.createdAtMs - 1)
  expect(await status()).toBe(503)
  await dateNewest(newestMigration.createdAtMs + 1)
  expect(await status()).toBe(200)
})

test('storage that cannot be written makes it not ready, and the one log line has the cause', async () => {
  const { storage } = await setup(createApp)
  const check = () => Promise.reject(new Error('ENOSPC: /srv/octavo is full'))
  const { get, logLines } = await withDeps({ storage: { ...storage, check } })
  const reply = await get('/readyz', { as: 'nobody' })
  expect(reply.status).toBe(503)
  expect(await reply.json()).toMatchObject({ detail: 'Not ready: storage.' })
  const told = logLines.filter(({ level }) => level === 'warn' || level === 'error')
  expect(told).toMatchObject([
    { level: 'error', err: { message: expect.stringMatching(/ENOSPC/) } },
  ])
})

test('a check that hangs is given up before a probe would', async () => {
  const { storage } = await setup(createApp)
  const check = () => new Promise<never>(() => {})
  const { get } = await withDeps({ storage: { ...storage, check } })
  expect((await get('/readyz', { as: 'nobody' })).status).toBe(503)
})

test('however many ask at once, storage is tried once, and again for who asks later', async () => {
  const { storage } = await setup(createApp)
  let tries = 0
  const check = async () => {
    tries += 1
  }
  const { get } = await withDeps({ storage: { ...storage, check } })
  const ask = () => get('/readyz', { as: 'nobody' })
  const replies = await Promise.all(Array.from({ length: 20 }, ask))
  expect(replies.every((reply) => reply.status === 200)).toBe(true)
  expect(tries).toBe(1)
  await ask()
  expect(tries).toBe(2)
})

const services = {
  relay: { status: 'ok' as const },
  worker: {
    status: 'down' as const,
    detail: 'at /run/secret-folder/worker.sock',
    version: '9.9.9',
    pid: 4711,
    restarts: 3,
  },
}
const reference = {
  openapi: async () => '{}',
  asset: async () => null,
  health: async () => services,
}

test('health gives versions and states to everybody, details to nobody, and a dead worker degrades it', async () => {
  const { get } = await setup(createApp, { config: { reference } })
  const reply = await get('/v1/health', { as: 'nobody' })
  const text = await reply.text()
  expect(JSON.parse(text)).toMatchObject({
    status: 'degraded',
    version: '0.0.0-test',
    checks: {
      database: { status: 'ok', version: expect.stringMatching(/^16\.\d+$/) },
      migrations: { status: 'ok', version: newestMigration.name },
      storage: { status: 'ok' },
      redis: { status: 'ok', version: 'memory' },
    },
    services: { relay: 'ok', worker: 'down' },
  })
  expect(text).not.toMatch(/secret-folder|4711|9\.9\.9/)
})

test('only the admin of the operator reads the details of services', async () => {
  const { get, operator } = await setup(createApp, { config: { reference } })
  expect((await get('/v1/health/services', { as: 'nobody' })).status).toBe(401)
  expect((await get('/v1/health/services')).status).toBe(403)
  for (const role of ['editor', 'viewer', 'ingest', 'worker'] as const)
    expect((await operator.get('/v1/health/services', { as: role })).status).toBe(403)
  const reply = await operator.get('/v1/health/services')
  expect([reply.status, await reply.json()]).toEqual([200, services])
})

test('an unknown query name is refused, and so is every other method', async () => {
  const { get, post } = await setup(createApp)
  expect((await get('/readyz?verbose=1', { as: 'nobody' })).status).toBe(422)
  const wrong = await post('/livez', undefined, { as: 'nobody' })
  expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS'])
})
