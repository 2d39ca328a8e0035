import { and, eq, type SQL, sql } from 'drizzle-orm'
import type { Db, Tx } from '../../db/client.ts'
import {
  channelHeads,
  channelMembers,
  channels,
  type MemberRole,
  type Role,
} from '../../db/schema/index.ts'

/** Who looks. `role` is the effective one of the key: a guest's key sees the channels it is in and no other. */
export type Reader = { tenantId: string; userId: string; role: Role }

export type ChannelRow = typeof channels.$inferSelect
/** A channel with what the reader is in it; `null`: no member, and so a reader of what is open to all. */
export type SeenChannel = ChannelRow & { memberRole: MemberRole | null; nickname: string | null }

const membership = ({ tenantId, userId }: Reader): SQL | undefined =>
  and(
    eq(channelMembers.tenantId, tenantId),
    eq(channelMembers.userId, userId),
    eq(channelMembers.channelId, channels.id),
  )

/**
 * SQL: may the reader know of the channel? The one rule of who sees what; everything that shows something of a channel
 * puts it into its statement, which has `channels` under its own name in its FROM.
 */
export function isVisibleTo(reader: Reader): SQL {
  const isMember = sql`exists (select 1 from ${channelMembers} where ${membership(reader)})`
  if (reader.role === 'guest') return isMember
  return sql`(${channels.kind} in ('public', 'document') or ${isMember})`
}

/** @returns `null` for a channel that does not exist and for one that is not the reader's to see, alike */
export async function findVisibleChannel(
  db: Db | Tx,
  reader: Reader,
  id: string,
): Promise<SeenChannel | null> {
  const [row] = await db
    .select({
      channel: channels,
      memberRole: channelMembers.role,
      nickname: channelMembers.nickname,
    })
    .from(channels)
    .leftJoin(channelMembers, membership(reader))
    .where(and(eq(channels.tenantId, reader.tenantId), eq(channels.id, id), isVisibleTo(reader)))
  return row ? { ...row.channel, memberRole: row.memberRole, nickname: row.nickname } : null
}

/** A channel whose order nobody else can add to until the transaction ends. */
export type HeldChannel = SeenChannel & { messageSeq: number; eventSeq: number }

/**
 * Holds a channel before anything in it is changed: of several who do, one comes after the other. It must be the first
 * row that a transaction locks; of several channels they are held in the order of their ids.
 * @returns `null` as {@link findVisibleChannel}
 */
export async function holdChannel(tx: Tx, reader: Reader, id: string): Promise<HeldChannel | null> {
  const [head] = await tx
    .select({ messageSeq: channelHeads.messageSeq, eventSeq: channelHeads.eventSeq })
    .from(channelHeads)
    .where(and(eq(channelHeads.tenantId, reader.tenantId), eq(channelHeads.channelId, id)))
    .for('update')
  // Read after the lock is ours: who was taken out of the channel meanwhile is out.
  const channel = head && (await findVisibleChannel(tx, reader, id))
  return channel ? { ...channel, ...head } : null
}
