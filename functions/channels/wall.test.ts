import { expect, test } from 'vitest'
import { addChannel } from '../../test/fixtures/channels.ts'
import { withPeople } from '../../test/fixtures/people.ts'
import { refusalOf } from '../../test/harness/members.ts'
import { bodyOf } from '../../test/harness/requests.ts'
import type { Route } from '../_shared/http/route.ts'

const unknownId = '0199a1c2-77aa-7aaa-8aaa-0000000000ff'

const people = await withPeople()
const { app, db, tenant, otherTenant, request } = people
const [owner, other, stranger, guest] = await Promise.all([
  people.person(),
  people.person(),
  people.person('editor'),
  people.person('guest'),
])
const members = { [owner.id]: 'owner', [other.id]: 'member' } as const
const secret = await addChannel(db, { tenantId: tenant.id, kind: 'private', members })
const both = { [owner.id]: 'member', [other.id]: 'member' } as const
const direct = await addChannel(db, { tenantId: tenant.id, kind: 'direct', members: both })
const open = await addChannel(db, { tenantId: tenant.id, members: { [owner.id]: 'owner' } })
const invite = await bodyOf<{ id: string }>(await owner.post(`/${secret.id}/invites`, {}))

const bearer = (key: string) => ({ authorization: `Bearer ${key}` })
const outsiders = {
  'somebody of the tenant': stranger.auth,
  'an admin of the tenant': people.admin.auth,
  'a guest of another channel': guest.auth,
  "another tenant's admin": bearer(otherTenant.keys.admin),
}

async function call({ method, path, example }: Route, id: string, auth: Record<string, string>) {
  const params: Record<string, string> = { id, user_id: owner.id, invite_id: invite.id }
  const url = path.replaceAll(/:(\w+)/g, (_, name: string) => params[name] ?? '')
  const json = example?.json === undefined ? {} : { body: JSON.stringify(example.json) }
  const headers = { ...auth, ...(example?.json ? { 'content-type': 'application/json' } : {}) }
  const init = { method: method.toUpperCase(), headers, ...json }
  const refusal = await refusalOf(await request(`/v1/channels${url}`, init))
  return JSON.parse(JSON.stringify(refusal).replaceAll(id, 'ID')) as { status: number }
}

const withId = app.routes.filter(({ path }) => path.includes(':id'))
const cases = withId.flatMap((route) =>
  Object.entries(outsiders).map(([who, auth]) => [route.operationId, who, route, auth] as const),
)

test.each(cases)(
  '%s answers %s for a private and a direct channel what it answers for none',
  async (_, who, route, auth) => {
    const unknown = await call(route, unknownId, auth)
    const takesGuests = Array.isArray(route.role) && route.role.includes('guest')
    expect(unknown.status).toBe(who.includes('guest') && !takesGuests ? 403 : 404)
    for (const { id } of [secret, direct]) expect(await call(route, id, auth)).toEqual(unknown)
  },
)

test.each(withId.map((route) => [route.operationId, route] as const))(
  '%s answers a guest for a public channel that they are not in what it answers for none',
  async (_, route) => {
    const unknown = await call(route, unknownId, guest.auth)
    expect(await call(route, open.id, guest.auth)).toEqual(unknown)
    const across = await call(route, open.id, bearer(otherTenant.keys.admin))
    expect(across).toEqual(await call(route, unknownId, bearer(otherTenant.keys.admin)))
  },
)

test('after all that everything is there, and members see it', async () => {
  for (const { id } of [secret, direct, open]) expect((await owner.get(`/${id}`)).status).toBe(200)
  expect((await owner.get(`/${secret.id}/invites/${invite.id}`)).status).toBe(200)
  for (const who of [stranger, people.admin])
    expect(await bodyOf(await who.get('/'))).toMatchObject({ items: [{ id: open.id }] })
  expect(await bodyOf(await guest.get('/'))).toMatchObject({ items: [] })
})
