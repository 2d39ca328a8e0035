import { and, eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { auditLog, type MemberRole, users } from '../../db/schema/index.ts'
import { addChannel, addMessage } from '../../test/fixtures/channels.ts'
import { type Person, withPeople } from '../../test/fixtures/people.ts'
import { bodyOf } from '../../test/harness/requests.ts'

type Member = { user_id: string; role: string; nickname: string | null; is_guest: boolean }
type Listed = { items: Member[]; next_cursor: string | null }

/** A private channel with one person of each role given, named by it. */
async function inChannel(kind: 'private' | 'public' = 'private', ...roles: MemberRole[]) {
  const people = await withPeople()
  const { db, tenant } = people
  const persons = await Promise.all(roles.map(() => people.person()))
  const members = Object.fromEntries(persons.map(({ id }, place) => [id, roles[place] ?? 'member']))
  const channel = await addChannel(db, { tenantId: tenant.id, kind, members })
  const path = `/${channel.id}/members`
  const roleOf = async (who: Person, asks: Person) =>
    (await bodyOf<Member>(await asks.get(`${path}/${who.id}`))).role
  return { ...people, persons: persons as [Person, Person, Person], channel, path, roleOf }
}

test('owners and moderators add people, who have read what was said before', async () => {
  const { db, persons, path, channel, person } = await inChannel(
    'private',
    'owner',
    'moderator',
    'member',
  )
  const [owner, moderator, member] = persons
  const [ada, bob] = [await person(), await person()]
  await addMessage(db, channel, { userId: owner.id })
  expect((await member.post(path, { user_id: ada.id })).status).toBe(403)
  const added = await moderator.post(path, { user_id: ada.id, role: 'observer' })
  expect(added.status).toBe(201)
  expect(added.headers.get('location')).toBe(`/v1/channels/${channel.id}/members/${ada.id}`)
  expect(await bodyOf(await ada.get(`/${channel.id}/standing`))).toMatchObject({
    ...{ my_role: 'observer', unread_count: 0, read_seq: 1 },
  })
  expect((await moderator.post(path, { user_id: ada.id })).status).toBe(409)
  expect((await moderator.post(path, { user_id: bob.id, role: 'moderator' })).status).toBe(403)
  expect((await owner.post(path, { user_id: bob.id, role: 'owner' })).status).toBe(201)
  expect((await owner.post(path, { user_id: channel.id })).status).toBe(422)
})

test('members are listed page by page, by role and by a part of their names', async () => {
  const { persons, path, person } = await inChannel('private', 'owner', 'member', 'observer')
  const [owner, member] = persons
  const ids = persons.map(({ id }) => id).sort()
  const list = async (query: string) => bodyOf<Listed>(await owner.get(`${path}?${query}`))
  const first = await list('limit=2')
  const rest = await list(`limit=2&cursor=${first.next_cursor}`)
  expect([...first.items, ...rest.items].map(({ user_id }) => user_id)).toEqual(ids)
  expect((await list('role=owner')).items).toMatchObject([{ user_id: owner.id }])
  await member.patch(`${path}/${member.id}`, { nickname: 'Ada' })
  expect((await list('name=ad')).items).toMatchObject([{ user_id: member.id, nickname: 'Ada' }])
  expect((await (await person()).get(path)).status).toBe(404)
})

test('owners change roles, everybody their own nickname, each unique and never everybody’s', async () => {
  const { persons, path } = await inChannel('private', 'owner', 'moderator', 'observer')
  const [owner, moderator, observer] = persons
  const change = (who: Person, whom: Person, fields: object, match = '*') =>
    who.patch(`${path}/${whom.id}`, fields, { 'if-match': match })
  expect((await change(observer, observer, { nickname: 'Ada' }, '"v1"')).status).toBe(200)
  expect((await change(observer, observer, { nickname: 'Eve' }, '"v1"')).status).toBe(412)
  expect((await change(moderator, moderator, { nickname: 'ada' })).status).toBe(409)
  expect((await change(moderator, moderator, { nickname: 'All' })).status).toBe(422)
  expect((await change(moderator, observer, { nickname: 'Eve' })).status).toBe(403)
  expect((await change(owner, observer, { nickname: null })).status).toBe(200)
  expect((await change(moderator, observer, { role: 'member' })).status).toBe(403)
  expect((await change(owner, observer, { role: 'member' })).status).toBe(200)
})

test('the last owner stays one while others are there, and may go when another owns it', async () => {
  const { persons, path, channel, roleOf } = await inChannel('private', 'owner', 'member')
  const [owner, member] = persons
  const refused = await owner.post(`/${channel.id}/leave`)
  expect(refused.status).toBe(409)
  expect(await bodyOf(refused)).toMatchObject({ hint: expect.stringContaining('owner first') })
  expect((await owner.del(`${path}/${owner.id}`)).status).toBe(409)
  expect((await owner.patch(`${path}/${owner.id}`, { role: 'member' })).status).toBe(409)
  await owner.patch(`${path}/${member.id}`, { role: 'owner' })
  expect(await bodyOf(await owner.post(`/${channel.id}/leave`))).toMatchObject({ left: true })
  expect(await roleOf(member, member)).toBe('owner')
  expect((await owner.get(`/${channel.id}`)).status).toBe(404)
})

test('of two owners who leave at once one stays', async () => {
  const { persons, channel } = await inChannel('private', 'owner', 'owner', 'member')
  const [one, other, member] = persons
  const replies = await Promise.all([one, other].map((who) => who.post(`/${channel.id}/leave`)))
  expect(replies.map(({ status }) => status).sort()).toEqual([200, 409])
  const owners = await bodyOf<Listed>(await member.get(`/${channel.id}/members?role=owner`))
  expect(owners.items).toHaveLength(1)
})

test('a private channel goes with its last member, and the audit says so; a public one stays', async () => {
  const { db, tenant, persons, channel } = await inChannel('private', 'owner')
  const [owner] = persons
  const gone = await owner.post(`/${channel.id}/leave`)
  expect(await bodyOf(gone)).toEqual({ left: true, channel_deleted: true })
  const ofChannel = and(eq(auditLog.tenantId, tenant.id), eq(auditLog.subjectId, channel.id))
  expect(await db.select().from(auditLog).where(ofChannel)).toMatchObject([
    { action: 'channel.deleted', detail: { reason: 'last_member_left' } },
  ])
  const open = await addChannel(db, { tenantId: tenant.id, members: { [owner.id]: 'owner' } })
  const left = await owner.post(`/${open.id}/leave`)
  expect(await bodyOf(left)).toEqual({ left: true, channel_deleted: false })
  expect(await bodyOf(await owner.post(`/${open.id}/leave`))).toMatchObject({ left: false })
  expect((await owner.get(`/${open.id}`)).status).toBe(200)
})

test('moderators put members out, not those above; who is out sees a private channel no more', async () => {
  const { persons, path, channel } = await inChannel('private', 'owner', 'moderator', 'member')
  const [owner, moderator, member] = persons
  expect((await moderator.del(`${path}/${owner.id}`)).status).toBe(403)
  expect((await member.del(`${path}/${moderator.id}`)).status).toBe(403)
  expect((await moderator.del(`${path}/${member.id}`, { 'if-match': '"v2"' })).status).toBe(412)
  expect((await moderator.del(`${path}/${member.id}`)).status).toBe(204)
  expect((await moderator.del(`${path}/${member.id}`)).status).toBe(404)
  expect((await member.get(`/${channel.id}`)).status).toBe(404)
})

test('of many who join a public channel at once, and twice, each is in it once', async () => {
  const { db, tenant, person, admin } = await withPeople()
  const channel = await addChannel(db, { tenantId: tenant.id })
  const [ada, bob] = [await person(), await person()]
  const joins = [ada, ada, ada, bob, bob].map((who) => who.post(`/${channel.id}/join`))
  const statuses = (await Promise.all(joins)).map(({ status }) => status)
  expect([statuses.slice(0, 3).sort(), statuses.slice(3).sort()]).toEqual([
    [200, 200, 201],
    [200, 201],
  ])
  const listed = await bodyOf<Listed>(await admin.get(`/${channel.id}/members`))
  expect(listed.items.map(({ user_id }) => user_id)).toEqual([ada.id, bob.id].sort())
  const standing = await bodyOf<{ last_event_seq: number }>(
    await ada.get(`/${channel.id}/standing`),
  )
  expect(standing.last_event_seq).toBe(2)
})

test('nobody comes, goes or is put out of a direct channel, and nobody is above the others', async () => {
  const { db, tenant, person } = await withPeople()
  const [ada, bob, eve] = [await person(), await person(), await person()]
  const members = { [ada.id]: 'member', [bob.id]: 'member' } as const
  const { id } = await addChannel(db, { tenantId: tenant.id, kind: 'direct', members })
  const tried = [
    ada.post(`/${id}/leave`),
    ada.post(`/${id}/members`, { user_id: eve.id }),
    ada.del(`/${id}/members/${bob.id}`),
    ada.del(`/${id}/members/${ada.id}`),
    ada.post(`/${id}/invites`, {}),
    ada.del(`/${id}`),
    ada.post(`/${id}/archive`),
  ]
  expect((await Promise.all(tried)).map(({ status }) => status)).toEqual(Array(7).fill(403))
})

test('an admin of the tenant manages what is everybody’s without being in it', async () => {
  const { admin, persons, path, roleOf } = await inChannel('public', 'owner', 'member')
  const [, member] = persons
  expect((await admin.patch(`${path}/${member.id}`, { role: 'owner' })).status).toBe(200)
  expect(await roleOf(member, admin)).toBe('owner')
  expect((await admin.post(path, { user_id: admin.id, role: 'owner' })).status).toBe(201)
})

test('a guest is never above others, and somebody who is disabled is not added', async () => {
  const { db, tenant, persons, path, person } = await inChannel('private', 'owner')
  const [owner] = persons
  const [guest, disabled] = [await person('guest'), await person()]
  expect((await owner.post(path, { user_id: guest.id, role: 'owner' })).status).toBe(422)
  expect((await owner.post(path, { user_id: guest.id })).status).toBe(201)
  expect((await owner.patch(`${path}/${guest.id}`, { role: 'moderator' })).status).toBe(422)
  const them = and(eq(users.tenantId, tenant.id), eq(users.id, disabled.id))
  await db.update(users).set({ disabledAt: new Date() }).where(them)
  expect((await owner.post(path, { user_id: disabled.id })).status).toBe(422)
})

test('nobody joins or changes an archived channel; members leave it and are put out', async () => {
  const { persons, path, channel, person } = await inChannel('public', 'owner', 'member', 'member')
  const [owner, member, other] = persons
  const stranger = await person()
  await owner.post(`/${channel.id}/archive`)
  expect((await stranger.post(`/${channel.id}/join`)).status).toBe(409)
  expect((await owner.post(path, { user_id: stranger.id })).status).toBe(409)
  expect((await member.patch(`${path}/${member.id}`, { nickname: 'x' })).status).toBe(409)
  expect((await member.post(`/${channel.id}/leave`)).status).toBe(200)
  expect((await owner.del(`${path}/${other.id}`)).status).toBe(204)
})
