import { and, eq } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import { expect, test } from 'vitest'
import { apiKeys, users } from '../../../db/schema/users.ts'
import { setup } from '../../../test/harness/setup.ts'
import { createWidgets } from '../http/widgets.fixture.ts'

type Bench = Awaited<ReturnType<typeof setupWidgets>>
const setupWidgets = (limits = {}) => setup(createWidgets(), { limits })

const changeKey = ({ db, tenant }: Bench, values: Partial<typeof apiKeys.$inferInsert>) =>
  db
    .update(apiKeys)
    .set(values)
    .where(and(eq(apiKeys.tenantId, tenant.id), eq(apiKeys.id, tenant.keyIds.viewer)))

const changeUser = ({ db, tenant }: Bench, values: Partial<typeof users.$inferInsert>) =>
  db
    .update(users)
    .set(values)
    .where(and(eq(users.tenantId, tenant.id), eq(users.id, tenant.admin.id)))

test.each([
  ['revoked', (b: Bench) => changeKey(b, { revokedAt: b.clock.now() })],
  ['expired', (b: Bench) => changeKey(b, { expiresAt: b.clock.now() })],
  ['left without its user', (b: Bench) => changeUser(b, { disabledAt: b.clock.now() })],
])('a key that was %s is refused within a second', async (_, change) => {
  const bench = await setupWidgets()
  const call = () => bench.get('/me', { as: 'viewer' })
  expect((await call()).status).toBe(200)
  await change(bench)
  bench.clock.advance(1_000)
  expect((await call()).status).toBe(401)
})

test.each([
  ['key is revoked', (b: Bench) => changeKey(b, { revokedAt: b.clock.now() })],
  ['key expires', (b: Bench) => changeKey(b, { expiresAt: b.clock.now() })],
  ['key gets another role', (b: Bench) => changeKey(b, { role: 'ingest' })],
  ['user is disabled', (b: Bench) => changeUser(b, { disabledAt: b.clock.now() })],
])('an open event stream ends when its %s, and that of another key goes on', async (_, change) => {
  const bench = await setupWidgets()
  const [stream, other] = await Promise.all([
    bench.get('/events', { as: 'viewer' }),
    bench.otherTenant.get('/events', { as: 'viewer' }),
  ])
  const others = other.body?.getReader()
  await others?.read()
  await change(bench)
  bench.clock.advance(1_000)
  expect(await stream.text()).toBe('event: open\ndata: null\n\n')
  const next = others?.read().then(() => 'ended')
  const later = new Promise((resolve) => setImmediate(resolve, 'open'))
  expect(await Promise.race([next, later])).toBe('open')
  await others?.cancel()
})

test('a key loses the rights that its user loses', async () => {
  const bench = await setupWidgets()
  await changeUser(bench, { role: 'viewer' })
  expect(await (await bench.get('/me', { as: 'admin' })).json()).toEqual({ role: 'viewer' })
})

test('a key loses the rights that its creator loses', async () => {
  const bench = await setupWidgets()
  const { db, tenant } = bench
  const creator = { tenantId: tenant.id, id: uuidv7(), email: 'c@example.com', displayName: 'C' }
  await db.insert(users).values({ ...creator, role: 'viewer' })
  await db
    .update(apiKeys)
    .set({ createdByUserId: creator.id })
    .where(and(eq(apiKeys.tenantId, tenant.id), eq(apiKeys.id, tenant.keyIds.admin)))
  expect(await (await bench.get('/me', { as: 'admin' })).json()).toEqual({ role: 'viewer' })
})

test('a known key id with another secret is refused like an unknown key', async () => {
  const { get, tenant } = await setupWidgets()
  const call = async (key: string) => {
    const response = await get('/me', { headers: { authorization: `Bearer ${key}` } })
    return { ...((await response.json()) as object), instance: '' }
  }
  const wrongSecret = tenant.keys.admin.replace(/.{64}$/, 'a'.repeat(64))
  const unknown = `oct_${'0'.repeat(32)}_${'a'.repeat(64)}`
  expect(await call(wrongSecret)).toEqual(await call(unknown))
})

test('the scheme is read in any case', async () => {
  const { get, tenant } = await setupWidgets()
  const headers = { authorization: `bearer  ${tenant.keys.viewer}` }
  expect((await get('/me', { headers })).status).toBe(200)
})

test('failed authentications are limited and never refuse a valid key of the same address', async () => {
  const { get } = await setupWidgets({ auth_failure: 2 })
  const from = { 'x-client-address': '192.0.2.1' }
  const fail = () => get('/me', { headers: { ...from, authorization: 'Bearer wrong' } })
  const statuses = [await fail(), await fail(), await fail()].map((r) => r.status)
  expect(statuses).toEqual([401, 401, 429])
  expect((await get('/me', { headers: from })).status).toBe(200)
})

test('a key above its rate is answered 429 with Retry-After, and served again after it', async () => {
  const { get, clock } = await setupWidgets({ key: 2 })
  const statuses = []
  for (let i = 0; i < 3; i++) statuses.push((await get('/me')).status)
  expect(statuses).toEqual([200, 200, 429])
  const refused = await get('/me')
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
  expect(refused.headers.get('ratelimit')).toMatch(/^"key";r=0;t=\d+$/)
  clock.advance(1_000)
  expect((await get('/me')).status).toBe(200)
})

test('a revoked key is told so however often it asks', async () => {
  const bench = await setupWidgets({ auth_failure: 1 })
  await changeKey(bench, { revokedAt: bench.clock.now() })
  const statuses = []
  for (let i = 0; i < 3; i++) statuses.push((await bench.get('/me', { as: 'viewer' })).status)
  expect(statuses).toEqual([401, 401, 401])
})

test('an address above its rate is refused before its key is looked at', async () => {
  const { get } = await setupWidgets({ address: 1 })
  const headers = { 'x-client-address': '192.0.2.2', authorization: 'Bearer wrong' }
  expect((await get('/me', { headers })).status).toBe(401)
  expect((await get('/me', { headers })).status).toBe(429)
})
