import { and, eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import type { Db } from '../../db/client.ts'
import { channelEvents, channelMembers, channels, type MemberRole } from '../../db/schema/index.ts'
import { addChannel, addMessage } from '../../test/fixtures/channels.ts'
import { addMember } from '../../test/harness/members.ts'
import { openTestDatabase } from '../../test/harness/setup.ts'
import { createTenant } from '../../test/harness/tenants.ts'
import { leaveAllChannels } from './leaving.ts'

const at = new Date('2026-11-20T08:00:00.000Z')

async function setup() {
  const { db } = await openTestDatabase()
  const { id: tenantId } = await createTenant(db)
  const user = async (role: 'viewer' | 'guest' = 'viewer') =>
    (await addMember(db, tenantId, { role })).id
  const leave = (userId: string) =>
    db.transaction((tx) => leaveAllChannels(tx, { tenantId, userId, at }))
  return { db, tenantId, user, leave, leaving: await user() }
}

async function rolesIn(db: Db, tenantId: string, channelId: string) {
  const rows = await db
    .select({ userId: channelMembers.userId, role: channelMembers.role })
    .from(channelMembers)
    .where(and(eq(channelMembers.tenantId, tenantId), eq(channelMembers.channelId, channelId)))
  return Object.fromEntries(rows.map(({ userId, role }) => [userId, role]))
}

const eventsOf = (db: Db, tenantId: string, channelId: string) =>
  db
    .select({ type: channelEvents.type, subjectId: channelEvents.subjectId })
    .from(channelEvents)
    .where(and(eq(channelEvents.tenantId, tenantId), eq(channelEvents.channelId, channelId)))
    .orderBy(channelEvents.seq)

async function findChannel(db: Db, tenantId: string, id: string) {
  const [row] = await db
    .select()
    .from(channels)
    .where(and(eq(channels.tenantId, tenantId), eq(channels.id, id)))
  return row ?? null
}

const inheritance: [string, MemberRole[], number][] = [
  ['the moderator who has been there longest', ['member', 'moderator', 'moderator'], 1],
  [
    'the member who has been there longest where no moderator is',
    ['observer', 'member', 'member'],
    1,
  ],
  ['an observer where nobody else is', ['observer'], 0],
]

test.each(inheritance)('what was theirs alone passes to %s', async (_, others, heir) => {
  const { db, tenantId, user, leave, leaving } = await setup()
  const ids = await Promise.all(others.map(() => user()))
  const roles = Object.fromEntries(ids.map((id, place) => [id, others[place] ?? 'member']))
  const members = { [leaving]: 'owner' as const, ...roles }
  const { id } = await addChannel(db, { tenantId, kind: 'private', members })
  const left = await leave(leaving)
  expect(left.heirs).toMatchObject([{ channelId: id, userId: ids[heir] }])
  expect(await rolesIn(db, tenantId, id)).toEqual({ ...roles, [ids[heir] ?? '']: 'owner' })
  expect(await eventsOf(db, tenantId, id)).toEqual([
    { type: 'member.left', subjectId: leaving },
    { type: 'member.changed', subjectId: ids[heir] },
  ])
})

test('where somebody else is an owner too, nobody gets more than they had', async () => {
  const { db, tenantId, user, leave, leaving } = await setup()
  const [owner, moderator] = [await user(), await user()]
  const members = { [leaving]: 'owner', [owner]: 'owner', [moderator]: 'moderator' } as const
  const { id } = await addChannel(db, { tenantId, members })
  expect((await leave(leaving)).heirs).toEqual([])
  expect(await rolesIn(db, tenantId, id)).toEqual({ [owner]: 'owner', [moderator]: 'moderator' })
})

test('a guest inherits nothing: a private channel of guests alone takes no more messages', async () => {
  const { db, tenantId, user, leave, leaving } = await setup()
  const guest = await user('guest')
  const members = { [leaving]: 'owner', [guest]: 'member' } as const
  const { id } = await addChannel(db, { tenantId, kind: 'private', members })
  expect(await leave(leaving)).toMatchObject({ heirs: [], archivedChannelIds: [id] })
  expect(await rolesIn(db, tenantId, id)).toEqual({ [guest]: 'member' })
  expect((await findChannel(db, tenantId, id))?.archivedAt).toEqual(at)
})

test('private and direct channels that nobody is in any more go with what was said; public ones stay', async () => {
  const { db, tenantId, user, leave, leaving } = await setup()
  const other = await user()
  const members = { [leaving]: 'owner' } as const
  const both = { [leaving]: 'member', [other]: 'member' } as const
  const secret = await addChannel(db, { tenantId, kind: 'private', members })
  const open = await addChannel(db, { tenantId, kind: 'public', members })
  const direct = await addChannel(db, { tenantId, kind: 'direct', members: both })
  for (const channel of [secret, open, direct]) await addMessage(db, channel, { userId: leaving })
  expect((await leave(leaving)).deletedChannelIds).toEqual([secret.id])
  expect(await findChannel(db, tenantId, secret.id)).toBeNull()
  expect(await rolesIn(db, tenantId, open.id)).toEqual({})
  expect(await rolesIn(db, tenantId, direct.id)).toEqual({ [other]: 'member' })
  expect((await leave(other)).deletedChannelIds).toEqual([direct.id])
})

test('two owners who go at once leave the channel to somebody who stays', async () => {
  const { db, tenantId, user, leave, leaving } = await setup()
  const [other, heir] = [await user(), await user()]
  const members = { [leaving]: 'owner', [other]: 'owner', [heir]: 'member' } as const
  const made = Array.from({ length: 5 }, () => addChannel(db, { tenantId, members }))
  const ids = (await Promise.all(made)).map(({ id }) => id)
  await Promise.all([leave(leaving), leave(other)])
  for (const id of ids) expect(await rolesIn(db, tenantId, id)).toEqual({ [heir]: 'owner' })
})

test('another channel and another tenant are not touched', async () => {
  const { db, tenantId, user, leave, leaving } = await setup()
  const other = await user()
  const { id } = await addChannel(db, { tenantId, members: { [other]: 'owner' } })
  expect((await leave(leaving)).leftChannelIds).toEqual([])
  expect(await rolesIn(db, tenantId, id)).toEqual({ [other]: 'owner' })
})
