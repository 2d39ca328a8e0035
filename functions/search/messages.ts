import { type SQL, sql } from 'drizzle-orm'
import type { Db } from '../../db/client.ts'
import { channels, messageAttachments, messages } from '../../db/schema/index.ts'
import { isVisibleTo, type Reader } from '../../domain/channels/access.ts'
import type { Source } from './blocks.ts'
import type { Filter } from './filters.ts'
import {
  contractTime,
  type FoundText,
  type FoundTextRow,
  foundText,
  type Load,
  toFoundText,
  wantedRows,
} from './texts.ts'

const inTheirChannels = sql`join ${channels}
  on ${channels.tenantId} = m.tenant_id and ${channels.id} = m.channel_id`

const isReadableBy = (reader: Reader): SQL =>
  sql`m.tenant_id = ${reader.tenantId} and m.deleted_at is null and ${isVisibleTo(reader)}`

/** Messages of the channels that a reader sees. */
export function messagesSource(reader: Reader, filter: Filter): Source {
  return {
    from: sql`${messages} m ${inTheirChannels}`,
    where: sql`${isReadableBy(reader)} ${conditions(filter)}`,
    id: sql`m.id`,
    number: sql`0::integer`,
    search: sql`m.search`,
  }
}

function conditions({ documentId, channelId, userId, from, to }: Filter): SQL {
  return sql.join([
    documentId === undefined ? sql`` : isAbout(documentId),
    channelId === undefined ? sql`` : sql` and m.channel_id = ${channelId}`,
    userId === undefined ? sql`` : sql` and m.author_user_id = ${userId}`,
    from === undefined ? sql`` : sql` and m.created_at >= ${from.toISOString()}::timestamptz`,
    to === undefined ? sql`` : sql` and m.created_at < ${to.toISOString()}::timestamptz`,
  ])
}

const isAbout = (documentId: string): SQL =>
  sql` and (${channels.documentId} = ${documentId} or exists (select from ${messageAttachments} a
    where a.tenant_id = m.tenant_id and a.message_id = m.id and a.document_id = ${documentId}))`

type MessageColumns = {
  id: string
  number: number // always 0: a message is one by its id
  channelId: string
  channelName: string | null
  seq: string | number
  authorUserId: string
  authorName: string
  createdAt: string
}
export type MessageHit = MessageColumns & { type: 'message'; found: FoundText }

/** A message that has gone meanwhile is left out, and so is one that is not the reader's to see any more. */
export async function loadMessages(db: Db, { reader, keys, words }: Load): Promise<MessageHit[]> {
  const rows = await db.execute<MessageColumns & FoundTextRow>(sql`
    select m.id, w.number, m.channel_id as "channelId", ${channels.name} as "channelName", m.seq,
      m.author_user_id as "authorUserId", m.author_name as "authorName",
      ${contractTime(sql`m.created_at`)} as "createdAt",
      ${foundText(sql`m.text`, sql`m.search`, words)}
    from ${wantedRows(keys)} join ${messages} m on m.id = w.id ${inTheirChannels}
    where ${isReadableBy(reader)}`)
  return rows.map((row) => ({ ...row, type: 'message', found: toFoundText(row) }))
}
