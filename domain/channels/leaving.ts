import { and, eq, inArray, sql } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { channelMembers } from '../../db/schema/index.ts'
import { deleteChannel } from './deletion.ts'
import { appendChannelEvents, type ChannelEvent } from './events.ts'

type LeaveAll = { tenantId: string; userId: string; at: Date; actorUserId?: string | null }

/** What became of the channels that somebody is out of. Ids, for the audit row of the caller. */
export type Left = {
  leftChannelIds: string[]
  /** Who owns what was theirs alone. */
  heirs: { channelId: string; userId: string }[]
  /** Private and direct ones that nobody is in any more, with all that was said: nobody could see them again. */
  deletedChannelIds: string[]
  /** Private ones in which only guests are left, whom nobody could let in or put out any more. */
  archivedChannelIds: string[]
}

/**
 * Takes somebody out of every channel, as their deletion does. What was theirs alone passes to the moderator who has been
 * there longest, else to such a member, but never to a guest. Lock the user's row before: nobody can add them to a channel then.
 */
export async function leaveAllChannels(tx: Tx, { userId, ...of }: LeaveAll): Promise<Left> {
  const { tenantId } = of
  // Held in the order of their ids, and read again after that: roles may have changed until then.
  await tx.execute(sql`
    select channel_id from channel_heads where tenant_id = ${tenantId} and channel_id in (
      select channel_id from channel_members where tenant_id = ${tenantId} and user_id = ${userId})
    order by channel_id for update`)
  const mine = and(eq(channelMembers.tenantId, tenantId), eq(channelMembers.userId, userId))
  const rows = await tx
    .select({ channelId: channelMembers.channelId })
    .from(channelMembers)
    .where(mine)
    .orderBy(channelMembers.channelId)
  const channelIds = rows.map(({ channelId }) => channelId)
  return leaveChannels(tx, { ...of, userId, channelIds })
}

type Leave = LeaveAll & { channelIds: readonly string[] }

/** Takes somebody out of channels that the caller holds; where they are not a member, nothing happens. */
export async function leaveChannels(tx: Tx, leave: Leave): Promise<Left> {
  const { tenantId, userId, channelIds } = leave
  const nothing = { leftChannelIds: [], heirs: [], deletedChannelIds: [], archivedChannelIds: [] }
  if (channelIds.length === 0) return nothing
  const gone = await tx
    .delete(channelMembers)
    .where(
      and(
        eq(channelMembers.tenantId, tenantId),
        eq(channelMembers.userId, userId),
        inArray(channelMembers.channelId, [...channelIds]),
      ),
    )
    .returning({ channelId: channelMembers.channelId, role: channelMembers.role })
  const leftChannelIds = gone.map(({ channelId }) => channelId).sort()
  const owned = gone.filter(({ role }) => role === 'owner').map(({ channelId }) => channelId)
  const heirs = await appointHeirs(tx, tenantId, owned)
  const deletedChannelIds = await deleteDeserted(tx, tenantId, leftChannelIds)
  const archivedChannelIds = await archiveOwnerless(tx, leave, owned)
  const left = { leftChannelIds, heirs, deletedChannelIds, archivedChannelIds }
  await tell(tx, leave, left)
  return left
}

const listOf = (ids: readonly string[]) =>
  sql`array[${sql.join(
    ids.map((id) => sql`${id}`),
    sql`, `,
  )}]::uuid[]`

type Heir = Left['heirs'][number]

async function appointHeirs(tx: Tx, tenantId: string, ids: readonly string[]): Promise<Heir[]> {
  if (ids.length === 0) return []
  const rows = await tx.execute<Heir>(sql`
    with heirs as (
      select distinct on (m.channel_id) m.channel_id, m.user_id from channel_members m
      join users u on u.tenant_id = m.tenant_id and u.id = m.user_id
      join channels c on c.tenant_id = m.tenant_id and c.id = m.channel_id
      where m.tenant_id = ${tenantId} and m.channel_id = any(${listOf(ids)}) and u.role <> 'guest'
        and c.kind <> 'direct' and not exists (select 1 from channel_members o
          where o.tenant_id = m.tenant_id and o.channel_id = m.channel_id and o.role = 'owner')
      order by m.channel_id, u.disabled_at is not null,
        array_position(array['moderator', 'member', 'observer'], m.role), m.joined_at, m.user_id
    )
    update channel_members m set role = 'owner', version = m.version + 1 from heirs
    where m.tenant_id = ${tenantId} and m.channel_id = heirs.channel_id and m.user_id = heirs.user_id
    returning m.channel_id as "channelId", m.user_id as "userId"`)
  return [...rows]
}

async function deleteDeserted(tx: Tx, tenantId: string, ids: readonly string[]): Promise<string[]> {
  const rows = await tx.execute<{ id: string; messageSeq: string | number }>(sql`
    select c.id, h.message_seq as "messageSeq" from channels c
    join channel_heads h on h.tenant_id = c.tenant_id and h.channel_id = c.id
    where c.tenant_id = ${tenantId} and c.id = any(${listOf(ids)})
      and c.kind in ('private', 'direct') and not exists (select 1 from channel_members m
        where m.tenant_id = c.tenant_id and m.channel_id = c.id)
    order by c.id`)
  for (const { id, messageSeq } of rows) {
    const channel = { tenantId, id, messageSeq: Number(messageSeq) }
    await deleteChannel(tx, channel, { requestId: null })
  }
  return [...rows].map(({ id }) => id)
}

async function archiveOwnerless(
  tx: Tx,
  { tenantId, at }: Leave,
  ids: readonly string[],
): Promise<string[]> {
  if (ids.length === 0) return []
  const rows = await tx.execute<{ id: string }>(sql`
    update channels c set archived_at = ${at.toISOString()}::timestamptz, version = c.version + 1,
      updated_at = ${at.toISOString()}::timestamptz
    where c.tenant_id = ${tenantId} and c.id = any(${listOf(ids)}) and c.kind = 'private'
      and c.archived_at is null and not exists (select 1 from channel_members m
        where m.tenant_id = c.tenant_id and m.channel_id = c.id and m.role = 'owner')
    returning c.id`)
  return [...rows].map(({ id }) => id)
}

async function tell(
  tx: Tx,
  { tenantId, userId, at, actorUserId = null }: Leave,
  { leftChannelIds, heirs, deletedChannelIds, archivedChannelIds }: Left,
): Promise<void> {
  const deleted = new Set(deletedChannelIds)
  for (const channelId of leftChannelIds.filter((id) => !deleted.has(id))) {
    const events: ChannelEvent[] = [{ type: 'member.left', subjectId: userId, actorUserId }]
    const heir = heirs.find((one) => one.channelId === channelId)
    const data = { role: 'owner' }
    if (heir)
      events.push({ type: 'member.changed', subjectId: heir.userId, actorUserId: null, data })
    if (archivedChannelIds.includes(channelId))
      events.push({ type: 'channel.archived', subjectId: channelId, actorUserId: null })
    await appendChannelEvents(tx, { tenantId, channelId, events, at })
  }
}
