import { and, eq, type SQL, sql } from 'drizzle-orm'
import type { Db, Tx } from '../../db/client.ts'
import { channels, messages } from '../../db/schema/index.ts'
import {
  findVisibleChannel,
  type HeldChannel,
  holdChannel,
  isVisibleTo,
  type Reader,
} from '../../domain/channels/access.ts'
import type { MessageRow } from './representation.ts'

/** Columns of a message `m` as the reader sees it. Each part is one look into an index, whatever the statement's plan is. */
export const messageColumns = ({ tenantId, userId }: Reader): SQL => sql`
  m.id, m.channel_id, m.seq, m.kind, m.author_name, m.text, m.reply_to_seq, m.mentions_all, m.version,
  m.created_at, m.edited_at, m.deleted_at,
  (select u.id from users u where u.tenant_id = ${tenantId} and u.id = m.author_user_id) as author_id,
  (select jsonb_agg(jsonb_build_object('user_id', u.id, 'name', u.display_name) order by u.id)
    from message_mentions n join users u on u.tenant_id = ${tenantId} and u.id = n.user_id
    where n.tenant_id = ${tenantId} and n.channel_id = m.channel_id and n.seq = m.seq) as mentions,
  (select jsonb_agg(jsonb_build_object('emoji', e.emoji, 'count', e.count, 'mine', e.mine) order by e.first, e.emoji)
    from (select r.emoji, count(*)::int as count, bool_or(r.user_id = ${userId}) as mine, min(r.at) as first
      from message_reactions r where r.tenant_id = ${tenantId} and r.message_id = m.id group by r.emoji) e
  ) as reactions,
  case when m.has_attachments then (
    select jsonb_agg(jsonb_build_object('document_id', a.document_id, 'filename', d.filename,
      'media_type', d.media_type, 'bytes', b.bytes, 'is_gone', d.id is null) order by a.position)
    from message_attachments a
    left join documents d on d.tenant_id = ${tenantId} and d.id = a.document_id and d.trashed_at is null
    left join blobs b on b.tenant_id = ${tenantId} and b.sha256 = d.sha256
    where a.tenant_id = ${tenantId} and a.message_id = m.id) end as attachments`

/** @returns `null`: there is none, or it is not the reader's to see */
export async function findMessage(
  db: Db | Tx,
  reader: Reader,
  id: string,
): Promise<MessageRow | null> {
  const [row] = await db.execute<MessageRow>(sql`
    select ${messageColumns(reader)} from messages m
    join ${channels} on ${channels.tenantId} = ${reader.tenantId} and ${channels.id} = m.channel_id
    where m.tenant_id = ${reader.tenantId} and m.id = ${id} and ${isVisibleTo(reader)}`)
  return row ?? null
}

const named = ({ tenantId }: Reader, id: string) =>
  and(eq(messages.tenantId, tenantId), eq(messages.id, id))

const plain = {
  id: messages.id,
  channelId: messages.channelId,
  seq: messages.seq,
  authorUserId: messages.authorUserId,
  text: messages.text,
  hasAttachments: messages.hasAttachments,
  version: messages.version,
  createdAt: messages.createdAt,
  editedAt: messages.editedAt,
  deletedAt: messages.deletedAt,
}

export type PlainMessage = Awaited<ReturnType<typeof readPlain>>[number]
const readPlain = (db: Db | Tx, reader: Reader, id: string) =>
  db.select(plain).from(messages).where(named(reader, id))

/** A message and its channel, for a look at what hangs on it. @returns `null` as {@link findMessage} */
export async function findSeen(db: Db | Tx, reader: Reader, id: string) {
  const [message] = await readPlain(db, reader, id)
  const channel = message && (await findVisibleChannel(db, reader, message.channelId))
  return channel ? { message, channel } : null
}

export type HeldMessage = { message: PlainMessage; channel: HeldChannel }

/** A message whose channel nobody else can change until the transaction ends. @returns `null` as {@link findMessage} */
export async function holdMessage(tx: Tx, reader: Reader, id: string): Promise<HeldMessage | null> {
  const [found] = await tx
    .select({ channelId: messages.channelId })
    .from(messages)
    .where(named(reader, id))
  const channel = found && (await holdChannel(tx, reader, found.channelId))
  if (!channel) return null
  const [message] = await readPlain(tx, reader, id)
  return message ? { message, channel } : null
}

type Versions = { reader: Reader; id: string; before: number | null; limit: number }
export type VersionRow = { number: number; text: string; at: string }

/** Newest first: the text of now, and those it had before. */
export const listVersionRows = (db: Db, { reader, id, before, limit }: Versions) =>
  db.execute<VersionRow>(sql`
    select number, text, at from (
      select m.text, coalesce(m.edited_at, m.created_at) as at, 1 + (select count(*)::int
        from message_versions c where c.tenant_id = ${reader.tenantId} and c.message_id = m.id) as number
      from messages m where m.tenant_id = ${reader.tenantId} and m.id = ${id} and m.deleted_at is null
      union all
      select v.text, v.at, v.version from message_versions v
      where v.tenant_id = ${reader.tenantId} and v.message_id = ${id}
    ) texts
    where number < ${before ?? 2 ** 31 - 1}::int order by number desc limit ${limit}`)
