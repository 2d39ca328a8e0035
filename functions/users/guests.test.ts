import { expect, test } from 'vitest'
import * as z from 'zod'
import { addMember } from '../../test/harness/members.ts'
import { setup } from '../../test/harness/setup.ts'
import { createApp as createKeys } from '../keys/index.ts'
import { User } from './contract.ts'
import { createApp } from './index.ts'

const userOf = async (reply: Response) => User.parse(await reply.json())
const withoutEmail = { code: 'invalid', errors: [{ in: 'body', pointer: '/email' }] }

test('a guest needs no email, and is found among the guests', async () => {
  const { post, get } = await setup(createApp)
  const created = await post('/', { display_name: 'Grace', role: 'guest' })
  expect(created.status).toBe(201)
  const guest = await userOf(created)
  expect(guest).toMatchObject({ email: null, role: 'guest' })
  const found = await (await get('/?role=guest')).json()
  expect(z.object({ items: z.array(User) }).parse(found).items).toEqual([guest])
})

test('nobody else goes without an email', async () => {
  const { post, patch, tenant } = await setup(createApp)
  for (const email of [{}, { email: null }]) {
    const reply = await post('/', { ...email, display_name: 'Grace', role: 'viewer' })
    expect([reply.status, await reply.json()]).toMatchObject([422, withoutEmail])
  }
  const reply = await patch(`/${tenant.admin.id}`, { email: null })
  expect([reply.status, await reply.json()]).toMatchObject([422, withoutEmail])
})

test('a guest who becomes something else needs an email by then', async () => {
  const { post, patch } = await setup(createApp)
  const { id } = await userOf(await post('/', { display_name: 'Grace', role: 'guest' }))
  const refused = await patch(`/${id}`, { role: 'viewer' })
  expect([refused.status, await refused.json()]).toMatchObject([422, withoutEmail])
  const promoted = await patch(`/${id}`, { role: 'viewer', email: 'Grace@Example.org' })
  expect(await userOf(promoted)).toMatchObject({ role: 'viewer', email: 'grace@example.org' })
  expect((await patch(`/${id}`, { role: 'guest', email: null })).status).toBe(200)
})

test('an email that somebody has already is a conflict', async () => {
  const { patch, db, tenant } = await setup(createApp)
  const { id } = await addMember(db, tenant.id, { role: 'viewer' })
  const reply = await patch(`/${id}`, { email: tenant.admin.email.toUpperCase() })
  expect([reply.status, await reply.json()]).toMatchObject([409, { code: 'duplicate' }])
})

test("a guest's key is never of another role, whoever makes it and whatever they become", async () => {
  const { post, patch, get, db, tenant, deps, clock } = await setup(createApp)
  const guest = await addMember(db, tenant.id, { role: 'guest' })
  const keys = createKeys(deps)
  const create = (authorization: string, role: string) =>
    keys.fetch(
      new Request('http://octavo.test/v1/keys', {
        method: 'POST',
        headers: { authorization, 'content-type': 'application/json' },
        body: JSON.stringify({ name: 'key', role, user_id: guest.id }),
      }),
    )
  const admin = `Bearer ${tenant.keys.admin}`
  for (const role of ['admin', 'editor', 'viewer', 'ingest', 'worker'])
    expect((await create(admin, role)).status).toBe(422)
  expect((await create(admin, 'guest')).status).toBe(201)
  expect((await create(guest.auth.authorization, 'guest')).status).toBe(403)
  await patch(`/${guest.id}`, { role: 'admin' })
  clock.advance(1_000)
  expect((await post('/', {}, { headers: guest.auth })).status).toBe(403)
  const me = await (await get('/me', { headers: guest.auth })).json()
  expect(me).toMatchObject({ role: 'admin', key_role: 'guest' })
})
