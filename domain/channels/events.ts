import { sql } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { channelEvents, channelHeads } from '../../db/schema/index.ts'
import type { ChannelEventType } from './event-types.ts'

export type ChannelEvent = {
  type: ChannelEventType
  subjectId: string
  /** `null`: the system. */
  actorUserId: string | null
  /** Ids, numbers and versions; never what was said. */
  data?: Record<string, unknown>
}

type Append = { tenantId: string; channelId: string; events: readonly ChannelEvent[]; at: Date }

/**
 * Appends to the channel's one order, in the transaction of the change that the events tell of: both are there, or neither.
 * @returns the `seq` of the last one
 */
export async function appendChannelEvents(
  tx: Tx,
  { tenantId, channelId, events, at }: Append,
): Promise<number> {
  const rows = events.map(({ type, subjectId, actorUserId, data = {} }) => ({
    type,
    subject_id: subjectId,
    actor_user_id: actorUserId,
    data,
  }))
  const [head] = await tx.execute<{ seq: string | number }>(sql`
    with head as (
      update ${channelHeads} set event_seq = event_seq + ${rows.length}::int
      where tenant_id = ${tenantId} and channel_id = ${channelId} returning event_seq
    ), appended as (
      insert into ${channelEvents} (tenant_id, channel_id, seq, type, subject_id, actor_user_id, data, at)
      select ${tenantId}, ${channelId}, head.event_seq - ${rows.length}::int + e.place, e.type, e.subject_id,
        e.actor_user_id, e.data, ${at.toISOString()}::timestamptz
      from head, rows from (jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
        as (type text, subject_id uuid, actor_user_id uuid, data jsonb))
        with ordinality as e(type, subject_id, actor_user_id, data, place)
    )
    select event_seq as seq from head`)
  if (!head) throw new Error('events for a channel that has no head')
  return Number(head.seq)
}
