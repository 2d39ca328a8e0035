import { and, eq } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import { expect, test } from 'vitest'
import type { Db } from '../../db/client.ts'
import { apiKeys, blobs, documents, users } from '../../db/schema/index.ts'
import { collide } from '../../test/harness/collision.ts'
import { addMember } from '../../test/harness/members.ts'
import { setup } from '../../test/harness/setup.ts'
import { User } from './contract.ts'
import { createApp } from './index.ts'

const userOf = async (reply: Response) => User.parse(await reply.json())

async function addDocument(db: Db, tenantId: string, userId: string): Promise<string> {
  const id = uuidv7()
  const sha256 = crypto.getRandomValues(new Uint8Array(32))
  await db.insert(blobs).values({ tenantId, sha256, storageKey: `${tenantId}/${id}`, bytes: 1 })
  await db.insert(documents).values({
    tenantId,
    id,
    userId,
    sha256,
    filename: 'a.txt',
    mediaType: 'text/plain',
    kind: 'text' as const,
    jobId: uuidv7(),
  })
  return id
}

async function documentOf(db: Db, tenantId: string, id: string) {
  const [row] = await db
    .select()
    .from(documents)
    .where(and(eq(documents.tenantId, tenantId), eq(documents.id, id)))
  return row
}

const activeAdmins = (db: Db, tenantId: string) =>
  db
    .select({ id: users.id, disabledAt: users.disabledAt })
    .from(users)
    .where(and(eq(users.tenantId, tenantId), eq(users.role, 'admin')))
    .then((rows) => rows.filter((row) => row.disabledAt === null))

test('a change makes a new version, and a change to what is there already makes none', async () => {
  const { patch, db, tenant, clock } = await setup(createApp)
  const { id } = await addMember(db, tenant.id, { role: 'viewer' })
  clock.advance(60_000)
  const changed = await patch(`/${id}`, { role: 'editor', disabled: true })
  expect(changed.headers.get('etag')).toBe('"v2"')
  const user = await userOf(changed)
  expect(user).toMatchObject({ role: 'editor', disabled: true, version: 2 })
  expect(user.updated_at).toBe(clock.now().toISOString())
  expect((await userOf(await patch(`/${id}`, { role: 'editor', disabled: true }))).version).toBe(2)
  expect((await userOf(await patch(`/${id}`, {}))).version).toBe(2)
  expect(await userOf(await patch(`/${id}`, { disabled: false }))).toMatchObject({
    disabled: false,
  })
})

test('a change or deletion of a version that is gone is a 412 and does nothing', async () => {
  const { patch, del, get, db, tenant } = await setup(createApp)
  const { id } = await addMember(db, tenant.id, { role: 'viewer' })
  const headers = { 'if-match': '"v1"' }
  expect((await patch(`/${id}`, { display_name: 'B' }, { headers })).status).toBe(200)
  const stale = await patch(`/${id}`, { display_name: 'C' }, { headers })
  expect([stale.status, await stale.json()]).toMatchObject([412, { code: 'stale_version' }])
  expect((await del(`/${id}`, { headers })).status).toBe(412)
  expect(await userOf(await get(`/${id}`))).toMatchObject({ display_name: 'B', version: 2 })
  expect((await del(`/${id}`, { headers: { 'if-match': '"v2"' } })).status).toBe(204)
})

test('of two changes of one version at once one wins, and one gets a 412', async () => {
  const { patch, db, tenant } = await setup(createApp)
  const { id } = await addMember(db, tenant.id, { role: 'viewer' })
  const change = (name: string) =>
    patch(`/${id}`, { display_name: name }, { headers: { 'if-match': '"v1"' } })
  const replies = await Promise.all([change('B'), change('C')])
  expect(replies.map((reply) => reply.status).sort()).toEqual([200, 412])
})

test('the last active admin is neither demoted, disabled nor deleted', async () => {
  const { patch, del, db, tenant } = await setup(createApp)
  const other = await addMember(db, tenant.id, { role: 'admin' })
  await patch(`/${other.id}`, { disabled: true })
  const id = tenant.admin.id
  const replies = [
    await patch(`/${id}`, { role: 'editor' }),
    await patch(`/${id}`, { disabled: true }),
    await del(`/${id}`),
  ]
  for (const reply of replies)
    expect([reply.status, await reply.json()]).toMatchObject([409, { code: 'conflict' }])
  expect((await patch(`/${id}`, { display_name: 'Still here', role: 'admin' })).status).toBe(200)
  expect((await patch(`/${other.id}`, { disabled: false })).status).toBe(200)
  expect((await patch(`/${id}`, { role: 'editor' })).status).toBe(200)
})

test('of the last two admins, removed at once, one is left', async () => {
  const { patch, del, db, tenant } = await setup(createApp)
  const { id, auth: headers } = await addMember(db, tenant.id, { role: 'admin' })
  const replies = await collide(db, tenant.id, [
    () => patch(`/${tenant.admin.id}`, { role: 'viewer' }),
    () => del(`/${id}`, { headers }),
  ])
  expect(replies.map((reply) => reply.status)).toContain(409)
  expect(await activeAdmins(db, tenant.id)).toHaveLength(1)
})

test('however many admins are removed at once, one is left', async () => {
  const { patch, del, db, tenant } = await setup(createApp)
  const others = await Promise.all([1, 2, 3].map(() => addMember(db, tenant.id, { role: 'admin' })))
  const removals = [
    patch(`/${tenant.admin.id}`, { role: 'viewer' }),
    ...others.map(({ id, auth }, index) =>
      index === 0
        ? del(`/${id}`, { headers: auth })
        : patch(`/${id}`, { disabled: true }, { headers: auth }),
    ),
  ]
  const statuses = (await Promise.all(removals)).map((reply) => reply.status).sort()
  expect(statuses.filter((status) => status === 409)).toHaveLength(1)
  expect(await activeAdmins(db, tenant.id)).toHaveLength(1)
})

test('disabling a user stops their keys within a second, and a new role their rights', async () => {
  const { get, patch, post, db, tenant, clock } = await setup(createApp)
  const { id, auth: headers } = await addMember(db, tenant.id, { role: 'admin' })
  const create = { email: 'x@octavo.test', display_name: 'X', role: 'viewer' }
  expect((await get('/me', { headers })).status).toBe(200)
  await patch(`/${id}`, { role: 'viewer' })
  clock.advance(1_000)
  expect((await post('/', create, { headers })).status).toBe(403)
  expect(await (await get('/me', { headers })).json()).toMatchObject({ key_role: 'viewer' })
  await patch(`/${id}`, { disabled: true })
  clock.advance(1_000)
  expect((await get('/me', { headers })).status).toBe(401)
})

test('deleting a user deletes their keys, and a second deletion finds nobody', async () => {
  const { del, get, db, tenant, clock } = await setup(createApp)
  const { id, auth } = await addMember(db, tenant.id, { role: 'editor' })
  expect((await del(`/${id}`)).status).toBe(204)
  expect((await del(`/${id}`)).status).toBe(404)
  const left = await db
    .select({ id: apiKeys.id })
    .from(apiKeys)
    .where(and(eq(apiKeys.tenantId, tenant.id), eq(apiKeys.userId, id)))
  expect(left).toEqual([])
  clock.advance(1_000)
  expect((await get('/me', { headers: auth })).status).toBe(401)
})

test('documents go to no stranger, nobody disabled, and not back to the one who leaves', async () => {
  const { del, patch, db, tenant, otherTenant } = await setup(createApp)
  const { id } = await addMember(db, tenant.id, { role: 'editor' })
  const disabled = await addMember(db, tenant.id, { role: 'editor' })
  await patch(`/${disabled.id}`, { disabled: true })
  const documentId = await addDocument(db, tenant.id, id)
  for (const heir of [otherTenant.admin.id, uuidv7(), disabled.id, id, id.toUpperCase()]) {
    const reply = await del(`/${id}?transfer_to=${heir}`)
    expect([reply.status, await reply.json()]).toMatchObject([
      422,
      { errors: [{ in: 'query', pointer: '/transfer_to' }] },
    ])
  }
  expect(await documentOf(db, tenant.id, documentId)).toMatchObject({ userId: id, version: 1 })
})
