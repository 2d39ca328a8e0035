import { and, eq } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { auditLog, users } from '../../db/schema/index.ts'
import { addMember, refusalOf } from '../../test/harness/members.ts'
import { setup } from '../../test/harness/setup.ts'
import { Me, User } from './contract.ts'
import { createApp } from './index.ts'

const ada = { email: 'Ada@Example.org', display_name: ' Ada ', role: 'editor' }
const userOf = async (reply: Response) => User.parse(await reply.json())
const pageOf = async (reply: Response) =>
  z.object({ items: z.array(User), next_cursor: z.string().nullable() }).parse(await reply.json())

test('a created user is answered with its place and found there', async () => {
  const { post, get } = await setup(createApp)
  const created = await post('/', ada)
  expect([created.status, created.headers.get('etag')]).toEqual([201, '"v1"'])
  const user = await userOf(created)
  expect(user).toMatchObject({ email: 'ada@example.org', display_name: 'Ada', disabled: false })
  expect(created.headers.get('location')).toBe(`/v1/users/${user.id}`)
  const found = await get(`/${user.id}`)
  expect([await userOf(found), found.headers.get('etag')]).toEqual([user, '"v1"'])
})

test('an email is used once in a tenant, in whatever case, and again in another', async () => {
  const { post, otherTenant } = await setup(createApp)
  await post('/', ada)
  const again = await post('/', { ...ada, email: 'ADA@example.ORG' })
  expect([again.status, await again.json()]).toMatchObject([409, { code: 'duplicate' }])
  expect((await otherTenant.post('/', ada)).status).toBe(201)
})

test('of two creations with one email at once one wins, and one gets a conflict', async () => {
  const { post } = await setup(createApp)
  const replies = await Promise.all([post('/', ada), post('/', ada)])
  expect(replies.map((reply) => reply.status).sort()).toEqual([201, 409])
})

test('a creation repeated with its Idempotency-Key makes one user and gives the same reply', async () => {
  const { post, get } = await setup(createApp)
  const headers = { 'idempotency-key': 'create-ada' }
  const first = await post('/', ada, { headers })
  const second = await post('/', ada, { headers })
  expect(second.headers.get('idempotency-replayed')).toBe('true')
  expect(await second.text()).toBe(await first.text())
  expect((await pageOf(await get('/?email=ada@example.org'))).items).toHaveLength(1)
})

test.each([
  ['an email that is none', { ...ada, email: 'ada' }, '/email'],
  ['an empty name', { ...ada, display_name: '  ' }, '/display_name'],
  ['an unknown role', { ...ada, role: 'owner' }, '/role'],
  ['an unknown field', { ...ada, rol: 'admin' }, '/rol'],
])('%s is a 422 that points at it', async (_, body, pointer) => {
  const { post } = await setup(createApp)
  const reply = await post('/', body)
  expect([reply.status, await reply.json()]).toMatchObject([422, { errors: [{ pointer }] }])
})

test('broken JSON is a 400, a body without Content-Type a 415', async () => {
  const { post, request, tenant } = await setup(createApp)
  const json = { 'content-type': 'application/json' }
  expect((await post('/', '{"email":', { headers: json })).status).toBe(400)
  const headers = { authorization: `Bearer ${tenant.keys.admin}` }
  const body = new TextEncoder().encode(JSON.stringify(ada))
  expect((await request('/', { method: 'POST', headers, body })).status).toBe(415)
  const patch = { method: 'PATCH', headers, body }
  expect((await request(`/${tenant.admin.id}`, patch)).status).toBe(415)
})

test('a list goes through all users once, oldest first, a page at a time', async () => {
  const { get, db, tenant } = await setup(createApp)
  const ids = [tenant.admin.id]
  for (let i = 0; i < 4; i++) ids.push((await addMember(db, tenant.id, { role: 'viewer' })).id)
  const seen: string[] = []
  for (let path: string | null = '/?limit=2'; path; ) {
    const reply = await get(path)
    const { items, next_cursor: next } = await pageOf(reply)
    seen.push(...items.map(({ id }) => id))
    const link = reply.headers.get('link')
    path = next && `/?limit=2&cursor=${next}`
    expect(link).toBe(path && `</v1/users${path.slice(1)}>; rel="next"`)
  }
  expect(seen).toEqual(ids)
})

test('a list is filtered by role, state and email', async () => {
  const { get, patch, db, tenant } = await setup(createApp)
  const { id } = await addMember(db, tenant.id, { role: 'viewer' })
  await patch(`/${id}`, { disabled: true })
  const idsOf = async (query: string) => (await pageOf(await get(query))).items.map((u) => u.id)
  expect(await idsOf('/?role=viewer')).toEqual([id])
  expect(await idsOf('/?disabled=true')).toEqual([id])
  expect(await idsOf('/?disabled=false')).toEqual([tenant.admin.id])
  expect(await idsOf(`/?email=${tenant.admin.email.toUpperCase()}`)).toEqual([tenant.admin.id])
  expect((await get('/?disabled=yes')).status).toBe(422)
})

test('a cursor fits neither another filter nor another tenant', async () => {
  const { get, db, tenant, otherTenant } = await setup(createApp)
  await addMember(db, tenant.id, { role: 'admin' })
  const { next_cursor: cursor } = await pageOf(await get('/?limit=1'))
  expect((await get(`/?limit=1&cursor=${cursor}`)).status).toBe(200)
  expect((await get(`/?limit=1&role=admin&cursor=${cursor}`)).status).toBe(400)
  expect((await otherTenant.get(`/?limit=1&cursor=${cursor}`)).status).toBe(400)
})

test('me is the user of the key, with what this key may do', async () => {
  const { get, operator, tenant } = await setup(createApp)
  const me = Me.parse(await (await get('/me', { as: 'viewer' })).json())
  expect(me).toMatchObject({
    id: tenant.admin.id,
    role: 'admin',
    tenant_id: tenant.id,
    is_operator: false,
    key_id: tenant.keyIds.viewer,
    key_role: 'viewer',
  })
  expect(await (await operator.get('/me')).json()).toMatchObject({ is_operator: true })
})

test("another tenant's user is answered like an id that never was", async () => {
  const { get, patch, del, otherTenant } = await setup(createApp)
  const theirs = otherTenant.admin.id
  const calls = [
    (id: string) => get(`/${id}`),
    (id: string) => patch(`/${id}`, { display_name: 'Mine' }, { headers: { 'if-match': '"v9"' } }),
    (id: string) => del(`/${id}?transfer_to=${theirs}`),
  ]
  for (const call of calls) {
    const refusal = await refusalOf(await call(theirs))
    expect(refusal).toMatchObject({ status: 404 })
    expect(refusal).toEqual(await refusalOf(await call(uuidv7())))
  }
  expect((await get('/no-uuid')).status).toBe(404)
  expect(await userOf(await otherTenant.get(`/${theirs}`))).toMatchObject({ version: 1 })
})

test('each role gets to exactly the routes that are its own', async () => {
  const { post, get, patch, del, db, tenant } = await setup(createApp)
  const routes = {
    create: (as: 'admin') => post('/', { ...ada, email: `${uuidv7()}@octavo.test` }, { as }),
    list: (as: 'admin') => get('/', { as }),
    me: (as: 'admin') => get('/me', { as }),
    read: (as: 'admin') => get(`/${tenant.admin.id}`, { as }),
    change: (as: 'admin') => patch(`/${tenant.admin.id}`, { display_name: 'A' }, { as }),
    remove: async (as: 'admin') => {
      const { id } = await addMember(db, tenant.id, { role: 'viewer' })
      return del(`/${id}`, { as })
    },
  }
  const reading = { create: 403, list: 200, me: 200, read: 200, change: 403, remove: 403 }
  const apart = { ...reading, list: 403, read: 403 }
  const expected = {
    admin: { create: 201, list: 200, me: 200, read: 200, change: 200, remove: 204 },
    editor: reading,
    viewer: reading,
    ingest: apart,
    worker: apart,
    nobody: { create: 401, list: 401, me: 401, read: 401, change: 401, remove: 401 },
  }
  const actual: Record<string, Record<string, number>> = {}
  for (const role of Object.keys(expected)) {
    const row: Record<string, number> = {}
    for (const [name, call] of Object.entries(routes))
      row[name] = (await call(role as 'admin')).status
    actual[role] = row
  }
  expect(actual).toEqual(expected)
})

test('every change is audited with who, what and which request, and refused ones are not', async () => {
  const { post, patch, del, db, tenant } = await setup(createApp)
  const { id } = await userOf(await post('/', ada, { headers: { 'x-request-id': 'request-one' } }))
  await post('/', ada)
  await patch(`/${id}`, { role: 'viewer', display_name: 'Countess' })
  await patch(`/${id}`, { role: 'viewer' })
  await del(`/${id}`)
  const rows = await db
    .select()
    .from(auditLog)
    .where(and(eq(auditLog.tenantId, tenant.id), eq(auditLog.subjectId, id)))
    .orderBy(auditLog.seq)
  expect(rows.map(({ action, detail }) => ({ action, detail }))).toEqual([
    { action: 'user.created', detail: { role: 'editor' } },
    { action: 'user.changed', detail: { role: 'viewer', role_before: 'editor', renamed: true } },
    { action: 'user.deleted', detail: { role: 'viewer' } },
  ])
  const actor = { actorUserId: tenant.admin.id, actorKeyId: tenant.keyIds.admin }
  expect(rows[0]).toMatchObject({ ...actor, requestId: 'request-one' })
  const [left] = await db
    .select()
    .from(users)
    .where(and(eq(users.tenantId, tenant.id), eq(users.id, id)))
  expect(left).toBeUndefined()
})
