import { and, eq } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { apiKeys, auditLog, idempotencyKeys, type Role } from '../../db/schema/index.ts'
import { addMember, refusalOf } from '../../test/harness/members.ts'
import { setup } from '../../test/harness/setup.ts'
import { IssuedKey, Key } from './contract.ts'
import { createApp } from './index.ts'

const scanner = { name: 'scanner', role: 'viewer' }
const keyOf = async (reply: Response) => Key.strip().parse(await reply.json())
const issuedOf = async (reply: Response) => IssuedKey.parse(await reply.json())
const bearer = (key: string | null) => ({ headers: { authorization: `Bearer ${key}` } })
const idsOf = async (reply: Response) =>
  z
    .object({ items: z.array(Key) })
    .parse(await reply.json())
    .items.map(({ id }) => id)

test('a created key works, is found without its secret, and belongs to its creator', async () => {
  const { post, get, tenant } = await setup(createApp)
  const created = await post('/', scanner)
  const { key, hint, ...shown } = await issuedOf(created)
  expect([created.status, created.headers.get('location')]).toEqual([201, `/v1/keys/${shown.id}`])
  expect(key).toMatch(/^oct_[0-9a-f]{32}_[0-9a-f]{64}$/)
  expect(shown).toMatchObject({
    user_id: tenant.admin.id,
    created_by_user_id: tenant.admin.id,
    role: 'viewer',
    expires_at: null,
    revoked_at: null,
    version: 1,
  })
  expect(hint).toBeUndefined()
  const found = await get(`/${shown.id}`, bearer(key))
  expect(found.status).toBe(200)
  expect(await found.json()).toEqual(shown)
})

test('only the hash of a secret is stored', async () => {
  const { post, db, tenant } = await setup(createApp)
  const headers = { 'idempotency-key': 'once' }
  const { id, key } = await issuedOf(await post('/', scanner, { headers }))
  const secret = key?.split('_')[2] ?? ''
  const rows = [
    await db
      .select()
      .from(apiKeys)
      .where(and(eq(apiKeys.tenantId, tenant.id), eq(apiKeys.id, id))),
    await db.select().from(idempotencyKeys).where(eq(idempotencyKeys.tenantId, tenant.id)),
    await db.select().from(auditLog).where(eq(auditLog.tenantId, tenant.id)),
  ]
  expect(rows.map((found) => found.length)).toEqual([1, 1, 1])
  expect(secret).toHaveLength(64)
  expect(JSON.stringify(rows)).not.toContain(secret)
})

test('a repeated creation shows the key no second time and makes no second key', async () => {
  const { post, get } = await setup(createApp)
  const headers = { 'idempotency-key': 'create-scanner' }
  const first = await issuedOf(await post('/', scanner, { headers }))
  const before = await idsOf(await get('/?limit=100'))
  const replay = await post('/', scanner, { headers })
  expect([replay.status, replay.headers.get('idempotency-replayed')]).toEqual([201, 'true'])
  const { hint, ...second } = await issuedOf(replay)
  expect(second).toEqual({ ...first, key: null })
  expect(hint).toContain('shown once')
  expect(await idsOf(await get('/?limit=100'))).toEqual(before)
})

test('a key expires when it says, and must say a time that lies ahead', async () => {
  const { post, get, clock } = await setup(createApp)
  const in5s = new Date(clock.now().getTime() + 5_000).toISOString()
  const { key } = await issuedOf(await post('/', { ...scanner, expires_at: in5s }))
  expect((await get('/', bearer(key))).status).toBe(200)
  for (const expires_at of [clock.now().toISOString(), '2001-01-01T00:00:00+02:00']) {
    const reply = await post('/', { ...scanner, expires_at })
    expect([reply.status, await reply.json()]).toMatchObject([
      422,
      { errors: [{ in: 'body', pointer: '/expires_at' }] },
    ])
  }
  clock.advance(5_000)
  expect((await get('/', bearer(key))).status).toBe(401)
})

test.each([
  ['a name of nothing', { ...scanner, name: ' ' }, '/name'],
  ['an unknown role', { ...scanner, role: 'root' }, '/role'],
  ['a time that is none', { ...scanner, expires_at: '2030-02-30T00:00:00Z' }, '/expires_at'],
  ['a time after 9999', { ...scanner, expires_at: '9999-12-31T23:59:59-23:59' }, '/expires_at'],
  ['a user id that is none', { ...scanner, user_id: 'me' }, '/user_id'],
  ['an unknown field', { ...scanner, expires: 1 }, '/expires'],
])('%s is a 422 that points at it', async (_, body, pointer) => {
  const { post } = await setup(createApp)
  const reply = await post('/', body)
  expect([reply.status, await reply.json()]).toMatchObject([422, { errors: [{ pointer }] }])
})

test('broken JSON is a 400, a body without Content-Type a 415', async () => {
  const { post, request, tenant } = await setup(createApp)
  const json = { 'content-type': 'application/json' }
  const headers = { authorization: `Bearer ${tenant.keys.admin}` }
  const body = new TextEncoder().encode('{}')
  for (const path of ['/', `/${tenant.keyIds.viewer}/rotate`]) {
    expect((await post(path, '{"name":', { headers: json })).status).toBe(400)
    expect((await request(path, { method: 'POST', headers, body })).status).toBe(415)
  }
})

test('no key can make one with more rights than itself', async () => {
  const { post } = await setup(createApp)
  const made: Record<string, Role[]> = {}
  for (const as of ['admin', 'editor', 'viewer'] as const) {
    made[as] = []
    for (const role of ['admin', 'editor', 'viewer', 'ingest', 'worker'] as const) {
      const reply = await post('/', { name: 'x', role }, { as })
      expect([201, 403]).toContain(reply.status)
      if (reply.status === 201) made[as].push(role)
    }
  }
  expect(made).toEqual({
    admin: ['admin', 'editor', 'viewer', 'ingest', 'worker'],
    editor: ['editor', 'viewer', 'ingest'],
    viewer: ['viewer'],
  })
})

test('no key has more rights than its user', async () => {
  const { post, db, tenant } = await setup(createApp)
  const { id } = await addMember(db, tenant.id, { role: 'viewer' })
  const reply = await post('/', { name: 'x', role: 'editor', user_id: id })
  expect([reply.status, await reply.json()]).toMatchObject([
    422,
    { errors: [{ pointer: '/role' }] },
  ])
  const created = await post('/', { name: 'x', role: 'viewer', user_id: id })
  expect(await issuedOf(created)).toMatchObject({
    user_id: id,
    created_by_user_id: tenant.admin.id,
  })
})

test('an own id in capitals is still the own id', async () => {
  const { post, db, tenant } = await setup(createApp)
  const { id, auth: headers } = await addMember(db, tenant.id, { role: 'viewer' })
  const reply = await post('/', { ...scanner, user_id: id.toUpperCase() }, { headers })
  expect(await issuedOf(reply)).toMatchObject({ user_id: id })
})

test('nobody but an admin creates a key for somebody else, and an admin only in the tenant', async () => {
  const { post, db, tenant, otherTenant } = await setup(createApp)
  const { auth: headers } = await addMember(db, tenant.id, { role: 'editor' })
  for (const user_id of [tenant.admin.id, otherTenant.admin.id, uuidv7()])
    expect((await post('/', { ...scanner, user_id }, { headers })).status).toBe(403)
  const strangers = [otherTenant.admin.id, uuidv7()].map(async (user_id) => {
    const text = await refusalOf(await post('/', { ...scanner, user_id }))
    expect(text).toMatchObject({ status: 422 })
    return text
  })
  const [theirs, nobodys] = await Promise.all(strangers)
  expect(theirs).toEqual(nobodys)
})

test("an admin's key lists the tenant, every other key those of its user", async () => {
  const { get, db, tenant } = await setup(createApp)
  const member = await addMember(db, tenant.id, { role: 'editor' })
  const own = Object.values(tenant.keyIds)
  const everyone = [...own, member.keyId].sort()
  expect((await idsOf(await get('/'))).sort()).toEqual(everyone)
  expect(await idsOf(await get(`/?user_id=${member.id}`))).toEqual([member.keyId])
  expect((await idsOf(await get('/', { as: 'editor' }))).sort()).toEqual(own.toSorted())
  const { auth: headers } = member
  expect(await idsOf(await get('/', { headers }))).toEqual([member.keyId])
  expect(await idsOf(await get(`/?user_id=${tenant.admin.id}`, { headers }))).toEqual([])
})

test('a list is filtered by what still works, and read a page at a time', async () => {
  const { get, del, tenant, clock, post } = await setup(createApp)
  const expires_at = new Date(clock.now().getTime() + 1_000).toISOString()
  const { id } = await issuedOf(await post('/', { ...scanner, expires_at }))
  await del(`/${tenant.keyIds.worker}`)
  clock.advance(1_000)
  const ended = await idsOf(await get('/?active=false'))
  expect(ended.sort()).toEqual([tenant.keyIds.worker, id].sort())
  const first = await get('/?active=true&limit=3')
  const { next_cursor: next } = z
    .object({ next_cursor: z.string() })
    .parse(await first.clone().json())
  const rest = await idsOf(await get(`/?active=true&limit=3&cursor=${next}`))
  const { admin, editor, viewer, ingest, guest } = tenant.keyIds
  const all = [...(await idsOf(first)), ...rest]
  expect(all.sort()).toEqual([admin, editor, viewer, ingest, guest].sort())
  expect((await get(`/?active=false&cursor=${next}`)).status).toBe(400)
})

test("another tenant's key, and another user's for who is no admin, is like an id that never was", async () => {
  const { get, post, del, db, tenant, otherTenant } = await setup(createApp)
  const { auth } = await addMember(db, tenant.id, { role: 'editor' })
  const cases = [
    { hidden: otherTenant.keyIds.viewer, headers: {} },
    { hidden: tenant.keyIds.viewer, headers: auth },
  ]
  for (const { hidden, headers } of cases) {
    const options = { headers: { ...headers, 'if-match': '"v9"' } }
    const calls = [
      (id: string) => get(`/${id}`, options),
      (id: string) => post(`/${id}/rotate`, {}, options),
      (id: string) => del(`/${id}`, options),
    ]
    for (const call of calls) {
      const refusal = await refusalOf(await call(hidden))
      expect(refusal).toMatchObject({ status: 404 })
      expect(refusal).toEqual(await refusalOf(await call(uuidv7())))
    }
  }
  const { id } = await keyOf(await otherTenant.get(`/${otherTenant.keyIds.viewer}`))
  expect(id).toBe(otherTenant.keyIds.viewer)
})
