import { and, eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import {
  apiKeys,
  auditLog,
  channelEvents,
  channelHeads,
  channelInvites,
  channelMembers,
  channels,
  messages,
  users,
} from '../../db/schema/index.ts'
import { addChannel, addMessage } from '../../test/fixtures/channels.ts'
import { cutOff } from '../../test/fixtures/cut-off.ts'
import { type Person, withPeople } from '../../test/fixtures/people.ts'
import { bodyOf } from '../../test/harness/requests.ts'

const tables = {
  ...{ channels, channelHeads, channelMembers, channelInvites, channelEvents, messages },
  ...{ users, apiKeys, auditLog },
}

/** A private channel with an invite and something said, and all that the tenant has. */
async function world() {
  const people = await withPeople()
  const { db, tenant, post } = people
  const [owner, member, other] = [
    await people.person(),
    await people.person(),
    await people.person(),
  ]
  const members = { [owner.id]: 'owner', [member.id]: 'member' } as const
  const channel = await addChannel(db, { tenantId: tenant.id, kind: 'private', members })
  const alone = { [owner.id]: 'owner' } as const
  const own = await addChannel(db, { tenantId: tenant.id, kind: 'private', members: alone })
  await addMessage(db, channel, { userId: owner.id })
  const options = { allow_guests: true, uses_max: 2 }
  const invite = await bodyOf<{ id: string; token: string }>(
    await owner.post(`/${channel.id}/invites`, options),
  )
  const state = async () => {
    const rows: Record<string, unknown> = {}
    for (const [name, table] of Object.entries(tables))
      rows[name] = await db.select().from(table).where(eq(table.tenantId, tenant.id))
    return rows
  }
  return { ...people, post, owner, member, other, channel, own, invite, state }
}
type World = Awaited<ReturnType<typeof world>>

const asGuest = ({ post, invite: { token } }: World) =>
  post('/invites/accept-as-guest', { token, display_name: 'Ada' }, { as: 'nobody' })

const writes: [string, string, number, (all: World) => Promise<Response>][] = [
  ['making a channel', 'channel_events', 201, ({ owner }) => owner.post('/', { name: 'new' })],
  [
    'making a direct channel',
    'channel_members',
    201,
    ({ owner, other }) => owner.post('/', { kind: 'direct', user_ids: [other.id] }),
  ],
  [
    'a change',
    'channel_events',
    200,
    ({ owner, channel }) => owner.patch(`/${channel.id}`, { topic: 'new' }),
  ],
  ['a deletion', 'audit_log', 204, ({ owner, channel }) => owner.del(`/${channel.id}`)],
  [
    'adding somebody',
    'channel_events',
    201,
    ({ owner, other, channel }) => owner.post(`/${channel.id}/members`, { user_id: other.id }),
  ],
  [
    'a change of a member',
    'channel_events',
    200,
    ({ owner, member, channel }) =>
      owner.patch(`/${channel.id}/members/${member.id}`, { role: 'owner' }),
  ],
  ['leaving', 'channel_events', 200, ({ member, channel }) => member.post(`/${channel.id}/leave`)],
  ['leaving as the last one', 'audit_log', 200, ({ owner, own }) => owner.post(`/${own.id}/leave`)],
  [
    'taking an invite',
    'channel_events',
    200,
    ({ other, invite }) => other.post('/invites/accept', { token: invite.token }),
  ],
  ['coming as a guest', 'audit_log', 201, asGuest],
  [
    'a command',
    'channel_events',
    200,
    ({ member, channel }) => member.post(`/${channel.id}/commands`, { text: '/me waves' }),
  ],
]

test.each(writes)(
  'of %s that is cut off at %s nothing stays, and it succeeds when it is sent again',
  async (_, table, status, send) => {
    const all = await world()
    const before = await all.state()
    expect((await cutOff(all.db, table, () => send(all))).status).toBe(503)
    expect(await all.state()).toEqual(before)
    expect((await send(all)).status).toBe(status)
    expect(await all.state()).not.toEqual(before)
  },
)

test('leaving against posting: nobody says anything after they left', async () => {
  const { db, tenant, person, owner, channel } = await world()
  const speakers = await Promise.all(Array.from({ length: 4 }, () => person()))
  for (const { id } of speakers) await owner.post(`/${channel.id}/members`, { user_id: id })
  const wave = (who: Person) => who.post(`/${channel.id}/commands`, { text: '/me waves' })
  const sent = speakers.flatMap((who) => [wave(who), who.post(`/${channel.id}/leave`), wave(who)])
  const statuses = (await Promise.all(sent)).map(({ status }) => status)
  for (const status of statuses) expect([200, 404]).toContain(status)
  const rows = await db
    .select({ type: channelEvents.type, by: channelEvents.actorUserId })
    .from(channelEvents)
    .where(and(eq(channelEvents.tenantId, tenant.id), eq(channelEvents.channelId, channel.id)))
    .orderBy(channelEvents.seq)
  for (const { id } of speakers)
    expect(rows.filter(({ by }) => by === id).at(-1)?.type).toBe('member.left')
  const said = statuses.filter((_, index) => index % 3 !== 1).filter((status) => status === 200)
  expect(rows.filter(({ type }) => type === 'message.created')).toHaveLength(said.length)
})
