import { and, eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { auditLog, users } from '../../db/schema/index.ts'
import { addChannel, joinChannel } from '../../test/fixtures/channels.ts'
import { withPeople } from '../../test/fixtures/people.ts'
import { refusalOf } from '../../test/harness/members.ts'
import { bodyOf } from '../../test/harness/requests.ts'
import type { SetupOptions } from '../../test/harness/setup.ts'

type Invite = { id: string; token: string; uses: number }
type Guest = { user_id: string; key: string; key_expires_at: string; channel: { id: string } }
type Listed = { items: Invite[]; next_cursor: string | null }

const unknownToken = `oct_${'0'.repeat(32)}_${'1'.repeat(96)}`

async function inviting(options: SetupOptions = {}) {
  const people = await withPeople(options)
  const { db, tenant, post } = people
  const [owner, member] = [await people.person(), await people.person()]
  const members = { [owner.id]: 'owner', [member.id]: 'member' } as const
  const channel = await addChannel(db, { tenantId: tenant.id, kind: 'private', members })
  const path = `/${channel.id}/invites`
  const invite = async (fields: object = {}) => bodyOf<Invite>(await owner.post(path, fields))
  const readUses = async ({ id }: Invite) =>
    (await bodyOf<Invite>(await owner.get(`${path}/${id}`))).uses
  const asGuest = (token: string, display_name = 'Ada of Acme') =>
    post('/invites/accept-as-guest', { token, display_name }, { as: 'nobody' })
  return { ...people, owner, member, channel, path, invite, readUses, asGuest }
}

test('an invite lets people of the tenant in with its role, and counts them once', async () => {
  const { invite, person, channel, readUses } = await inviting()
  const made = await invite({ role: 'observer' })
  const ada = await person()
  for (const _ of [1, 2]) {
    const reply = await ada.post('/invites/accept', { token: made.token })
    expect(await bodyOf(reply)).toMatchObject({
      channel: { id: channel.id },
      member: { user_id: ada.id, role: 'observer' },
    })
  }
  expect(await readUses(made)).toBe(1)
})

test('owners and moderators make, list and revoke invites; the token is shown once', async () => {
  const { invite, owner, member, path } = await inviting()
  const [first, second] = [await invite(), await invite()]
  const listed = await bodyOf<Listed>(await owner.get(`${path}?limit=1`))
  const rest = await bodyOf<Listed>(await owner.get(`${path}?limit=1&cursor=${listed.next_cursor}`))
  expect([...listed.items, ...rest.items].map(({ id }) => id)).toEqual([second.id, first.id])
  expect(JSON.stringify(listed)).not.toContain('token')
  expect((await member.get(path)).status).toBe(403)
  expect((await member.post(path, {})).status).toBe(403)
  expect((await member.del(`${path}/${first.id}`)).status).toBe(403)
  expect((await owner.del(`${path}/${first.id}`, { 'if-match': '"v2"' })).status).toBe(412)
  expect((await owner.del(`${path}/${first.id}`)).status).toBe(204)
  expect((await owner.del(`${path}/${first.id}`)).status).toBe(404)
  const send = () => owner.post(path, {}, { 'idempotency-key': 'once' })
  const [shown, replayed] = [await bodyOf(await send()), await bodyOf(await send())]
  expect(replayed).toEqual({ ...(shown as object), token: null, hint: expect.any(String) })
})

test('whatever lets nobody in answers one and the same 404', async () => {
  const { db, tenant, invite, owner, path, person, clock, asGuest, otherTenant, post } =
    await inviting()
  const [used, revoked, expired, demoted, closed] = [
    await invite({ uses_max: 1, allow_guests: true }),
    await invite({ allow_guests: true }),
    await invite({ allow_guests: true, expires_in_seconds: 60 }),
    await invite({ allow_guests: true }),
    await invite({ allow_guests: false }),
  ]
  expect((await asGuest(used.token)).status).toBe(201)
  await owner.del(`${path}/${revoked.id}`)
  const expected = await refusalOf(await asGuest(unknownToken))
  expect(expected).toMatchObject({ status: 404 })
  for (const { token } of [used, revoked, closed])
    expect(await refusalOf(await asGuest(token))).toEqual(expected)
  expect(await refusalOf(await asGuest('no token at all'))).toEqual(expected)
  expect(await refusalOf(await asGuest(`${expired.token.slice(0, -1)}x`))).toEqual(expected)
  clock.advance(61_000)
  expect(await refusalOf(await asGuest(expired.token))).toEqual(expected)
  const ada = await person()
  const asUser = async (token: string) => refusalOf(await ada.post('/invites/accept', { token }))
  const ofUser = await asUser(unknownToken)
  for (const { token } of [used, revoked, expired]) expect(await asUser(token)).toEqual(ofUser)
  const other = { headers: { authorization: `Bearer ${otherTenant.keys.admin}` } }
  const across = await post('/invites/accept', { token: closed.token }, other)
  expect(await refusalOf(across)).toEqual(ofUser)
  // Who made it may not give it any more.
  const them = and(eq(users.tenantId, tenant.id), eq(users.id, owner.id))
  await db.update(users).set({ disabledAt: new Date() }).where(them)
  expect(await refusalOf(await asGuest(demoted.token))).toEqual(expected)
})

test('a guest gets a key that ends, sees this channel alone, and is audited', async () => {
  const { db, tenant, invite, asGuest, channel, get, clock, admin } = await inviting()
  const made = await invite({ allow_guests: true, guest_key_seconds: 3_600 })
  await addChannel(db, { tenantId: tenant.id, name: 'public one' })
  const reply = await asGuest(made.token)
  expect(reply.headers.get('cache-control')).toBe('no-store')
  const guest = await bodyOf<Guest>(reply)
  expect(guest).toMatchObject({
    channel: { id: channel.id },
    member: { role: 'member', is_guest: true, display_name: 'Ada of Acme' },
    key_expires_at: new Date(clock.now().getTime() + 3_600_000).toISOString(),
  })
  const auth = { headers: { authorization: `Bearer ${guest.key}` } }
  const seen = await bodyOf<Listed>(await get('/', auth))
  expect(seen.items.map(({ id }) => id)).toEqual([channel.id])
  const rows = await db
    .select({ action: auditLog.action, actor: auditLog.actorUserId })
    .from(auditLog)
    .where(eq(auditLog.tenantId, tenant.id))
    .orderBy(auditLog.seq)
  expect(rows).toMatchObject([
    { action: 'invite.created' },
    { action: 'user.created', actor: guest.user_id },
    { action: 'key.created', actor: guest.user_id },
  ])
  expect((await admin.post('/', { kind: 'direct', user_ids: [guest.user_id] })).status).toBe(201)
  clock.advance(3_600_001)
  expect((await get('/', auth)).status).toBe(401)
})

test('of many at once on the last use of an invite one comes in, and nothing of the others stays', async () => {
  const { db, tenant, invite, asGuest, readUses, person } = await inviting()
  const made = await invite({ allow_guests: true, uses_max: 2 })
  const ada = await person()
  expect((await ada.post('/invites/accept', { token: made.token })).status).toBe(200)
  const people = await db.$count(users, eq(users.tenantId, tenant.id))
  const tried = Array.from({ length: 6 }, () => asGuest(made.token))
  const statuses = (await Promise.all(tried)).map(({ status }) => status)
  expect(statuses.sort()).toEqual([201, ...Array(5).fill(404)])
  expect(await readUses(made)).toBe(2)
  expect(await db.$count(users, eq(users.tenantId, tenant.id))).toBe(people + 1)
})

test('an invite and its revocation at once: who came is in, and nobody after that', async () => {
  const { invite, asGuest, owner, path, channel } = await inviting()
  const made = await invite({ allow_guests: true })
  const [come, revoked] = await Promise.all([asGuest(made.token), owner.del(`${path}/${made.id}`)])
  expect(revoked.status).toBe(204)
  expect((await asGuest(made.token)).status).toBe(404)
  const guests = await bodyOf<{ items: { is_guest: boolean }[] }>(
    await owner.get(`/${channel.id}/members`),
  )
  const expected = come.status === 201 ? 1 : 0
  expect(guests.items.filter(({ is_guest }) => is_guest)).toHaveLength(expected)
})

test('an invite that its maker could not give any more, as a member only, lets nobody in', async () => {
  const { db, channel, owner, person, post } = await inviting()
  const moderator = await person()
  await joinChannel(db, channel, { userId: moderator.id, role: 'moderator' })
  const made = await bodyOf<Invite>(
    await moderator.post(`/${channel.id}/invites`, { allow_guests: true }),
  )
  await owner.patch(`/${channel.id}/members/${moderator.id}`, { role: 'member' })
  const body = { token: made.token, display_name: 'Ada' }
  expect((await post('/invites/accept-as-guest', body, { as: 'nobody' })).status).toBe(404)
})

test('a guest takes an invite for guests to a further channel, and no other', async () => {
  const { invite, person } = await inviting()
  const guest = await person('guest')
  const [closed, open] = [await invite(), await invite({ allow_guests: true })]
  expect((await guest.post('/invites/accept', { token: closed.token })).status).toBe(404)
  expect((await guest.post('/invites/accept', { token: open.token })).status).toBe(200)
})

test('an archived channel lets nobody in, and an invite for guests has a number of uses', async () => {
  const { invite, owner, channel, path, asGuest, readUses } = await inviting()
  const made = await invite({ allow_guests: true })
  expect((await owner.post(path, { allow_guests: true, uses_max: null })).status).toBe(422)
  expect((await owner.post(path, { uses_max: null })).status).toBe(201)
  await owner.post(`/${channel.id}/archive`)
  expect((await asGuest(made.token)).status).toBe(409)
  expect(await readUses(made)).toBe(0)
  expect((await owner.post(path, {})).status).toBe(409)
})

test('who tries tokens from one address is slowed down, and a right one is never refused', async () => {
  const { invite, asGuest } = await inviting({ limits: { auth_failure: 3 } })
  const made = await invite({ allow_guests: true })
  const statuses: number[] = []
  for (const _ of [1, 2, 3, 4]) statuses.push((await asGuest(unknownToken)).status)
  expect(statuses).toEqual([404, 404, 404, 429])
  expect((await asGuest(made.token)).status).toBe(201)
})
