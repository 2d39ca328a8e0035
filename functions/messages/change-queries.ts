import { sql } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import type { Reader } from '../../domain/channels/access.ts'
import type { ChannelEventType } from '../../domain/channels/event-types.ts'
import { appendChannelEvents } from '../../domain/channels/events.ts'
import { mentionsIn } from '../../domain/channels/message-mention-syntax.ts'
import { lookUpMentions } from '../../domain/channels/message-mentions.ts'
import type { HeldMessage } from './queries.ts'

type By = { reader: Reader; at: Date }

/** Appends the event of a change that has made the message's next version. */
export async function tell(
  tx: Tx,
  { message, channel }: HeldMessage,
  { reader, at, type }: By & { type: ChannelEventType },
): Promise<void> {
  const { tenantId, id: channelId } = channel
  const data = { message_seq: message.seq, version: message.version + 1 }
  const event = { type, subjectId: message.id, actorUserId: reader.userId, data }
  await appendChannelEvents(tx, { tenantId, channelId, events: [event], at })
}

/** Gives a held message another text; the one it had is kept, and whom it names is read anew. */
export async function saveText(
  tx: Tx,
  held: HeldMessage,
  { text, ...by }: By & { text: string },
): Promise<void> {
  const { id, channelId, seq } = held.message
  const { tenantId, kind } = held.channel
  const time = sql`${by.at.toISOString()}::timestamptz`
  const tokens = mentionsIn(text)
  const named = await lookUpMentions(tx, { tenantId, channelId, kind }, [tokens])
  const userIds = `{${named(tokens).map(({ userId }) => userId)}}`
  await tx.execute(sql`
    with kept as (
      insert into message_versions (tenant_id, message_id, version, text, at)
      select m.tenant_id, m.id, 1 + (select count(*) from message_versions v
        where v.tenant_id = m.tenant_id and v.message_id = m.id), m.text, coalesce(m.edited_at, m.created_at)
      from messages m where m.tenant_id = ${tenantId} and m.id = ${id}
    ), unnamed as (
      delete from message_mentions n where n.tenant_id = ${tenantId} and n.channel_id = ${channelId}
        and n.seq = ${seq} and n.user_id <> all(${userIds}::uuid[])
    ), named as (
      insert into message_mentions (tenant_id, user_id, channel_id, seq)
      select ${tenantId}, u.id, ${channelId}, ${seq} from unnest(${userIds}::uuid[]) u(id)
      on conflict (tenant_id, user_id, channel_id, seq) do nothing
    )
    update messages set text = ${text}, mentions_all = ${tokens.all}, edited_at = ${time}, version = version + 1
    where tenant_id = ${tenantId} and id = ${id}`)
  await tell(tx, held, { ...by, type: 'message.edited' })
}

/** Takes everything off a held message but its place. */
export async function bury(tx: Tx, held: HeldMessage, by: By): Promise<void> {
  const { id, channelId, seq } = held.message
  const { tenantId } = held.channel
  await tx.execute(sql`
    with texts as (delete from message_versions where tenant_id = ${tenantId} and message_id = ${id}),
    named as (delete from message_mentions
      where tenant_id = ${tenantId} and channel_id = ${channelId} and seq = ${seq}),
    signs as (delete from message_reactions where tenant_id = ${tenantId} and message_id = ${id}),
    shown as (delete from message_attachments where tenant_id = ${tenantId} and message_id = ${id})
    update messages set text = '', mentions_all = false, has_attachments = false, version = version + 1,
      deleted_at = ${by.at.toISOString()}::timestamptz
    where tenant_id = ${tenantId} and id = ${id}`)
  await tell(tx, held, { ...by, type: 'message.deleted' })
}
