import { and, asc, eq, gt, sql } from 'drizzle-orm'
import type { Db, Tx } from '../../db/client.ts'
import { channelEvents, channels } from '../../db/schema/index.ts'
import type { EventRow } from './contract-talk.ts'

type Place = { tenantId: string; id: string }

/** In their order, from the one after `after`. */
export const listEventRows = (
  db: Db,
  { tenantId, id }: Place,
  { after, limit }: { after: number; limit: number },
): Promise<EventRow[]> =>
  db
    .select({
      seq: channelEvents.seq,
      type: channelEvents.type,
      subjectId: channelEvents.subjectId,
      actorUserId: channelEvents.actorUserId,
      data: channelEvents.data,
      at: channelEvents.at,
    })
    .from(channelEvents)
    .where(
      and(
        eq(channelEvents.tenantId, tenantId),
        eq(channelEvents.channelId, id),
        gt(channelEvents.seq, after),
      ),
    )
    .orderBy(asc(channelEvents.seq))
    .limit(limit)

/** The line of one message in an export, as JSON text. */
type MessageLine = { seq: string; line: string }

/** Messages with all that hangs on them, from the one after `after` up to `last`. */
export async function listMessageLines(
  db: Db,
  { tenantId, id }: Place,
  { after, last, limit }: { after: number; last: number; limit: number },
): Promise<MessageLine[]> {
  const rows = await db.execute<MessageLine>(sql`
    select m.seq, json_build_object('type', 'message', 'id', m.id, 'seq', m.seq, 'kind', m.kind,
      'author_id', m.author_user_id, 'author_name', m.author_name, 'text', m.text,
      'reply_to_seq', m.reply_to_seq, 'mentions_all', m.mentions_all,
      'mentions', (select coalesce(json_agg(n.user_id order by n.user_id), '[]') from message_mentions n
        where n.tenant_id = m.tenant_id and n.channel_id = m.channel_id and n.seq = m.seq),
      'document_ids', (select coalesce(json_agg(a.document_id order by a.position), '[]')
        from message_attachments a where a.tenant_id = m.tenant_id and a.message_id = m.id),
      'reactions', (select coalesce(json_agg(json_build_object('emoji', r.emoji, 'user_id', r.user_id)
        order by r.at, r.user_id, r.emoji), '[]')
        from message_reactions r where r.tenant_id = m.tenant_id and r.message_id = m.id),
      'version', m.version, 'created_at', ${utc(sql`m.created_at`)},
      'edited_at', ${utc(sql`m.edited_at`)}, 'deleted_at', ${utc(sql`m.deleted_at`)})::text as line
    from messages m
    where m.tenant_id = ${tenantId} and m.channel_id = ${id} and m.seq > ${after} and m.seq <= ${last}
    order by m.seq limit ${limit}`)
  return [...rows]
}

const utc = (column: ReturnType<typeof sql>) =>
  sql`to_char(${column} at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`

/** A public channel by its whole name, in capitals or not. */
export async function findPublicByName(tx: Tx, tenantId: string, name: string) {
  const [row] = await tx
    .select({ id: channels.id })
    .from(channels)
    .where(
      and(
        eq(channels.tenantId, tenantId),
        eq(channels.kind, 'public'),
        sql`lower(${channels.name}) = lower(${name})`,
      ),
    )
  return row?.id ?? null
}

const namesMax = 500

/** Names to suggest one of; of very many channels the oldest. */
export async function listPublicNames(tx: Tx, tenantId: string): Promise<string[]> {
  const rows = await tx
    .select({ name: channels.name })
    .from(channels)
    .where(and(eq(channels.tenantId, tenantId), eq(channels.kind, 'public')))
    .orderBy(asc(channels.id))
    .limit(namesMax)
  return rows.flatMap(({ name }) => name ?? [])
}

/** Active people who go by an id, an email or exactly this display name; two are enough to know that it is not clear who. */
export async function findPeople(
  tx: Tx,
  tenantId: string,
  { id, name }: { id: string | null; name: string },
) {
  const rows = await tx.execute<{ id: string; name: string }>(sql`
    select u.id, u.display_name as name from users u
    where u.tenant_id = ${tenantId} and u.disabled_at is null
      and (u.id = ${id}::uuid or u.email = lower(${name}) or lower(u.display_name) = lower(${name}))
    order by u.id limit 2`)
  return [...rows]
}
