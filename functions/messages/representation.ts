import * as z from 'zod'
import { time } from '../../db/raw-rows.ts'
import { type MessageKind, messageKinds } from '../../db/schema/messages.ts'
import type { PostedMessage } from '../../domain/channels/posting.ts'

const at = z.iso.datetime()

export const Message = z
  .object({
    id: z.uuid(),
    channel_id: z.uuid(),
    seq: z.int().meta({ description: 'Place in the channel: from 1, without a gap.', example: 42 }),
    kind: z.enum(messageKinds).meta({ description: '`action`: what `/me waves` says.' }),
    author_id: z.uuid().nullable().meta({ description: '`null`: the user is gone.' }),
    author_name: z.string().meta({ description: 'As it was when the message was posted.' }),
    text: z.string().meta({ description: 'Empty once it is deleted.' }),
    reply_to_seq: z.int().nullable(),
    mentions: z
      .array(z.object({ user_id: z.uuid(), name: z.string() }))
      .meta({ description: 'Whom it names, of those who can see the channel.' }),
    mentions_all: z.boolean().meta({ description: 'It names `@all`.' }),
    attachments: z.array(
      z.object({
        document_id: z.uuid(),
        filename: z.string().nullable(),
        media_type: z.string().nullable(),
        bytes: z.int().nullable(),
        is_gone: z.boolean().meta({ description: 'The document is deleted or in the trash.' }),
      }),
    ),
    reactions: z
      .array(z.object({ emoji: z.string(), count: z.int(), mine: z.boolean() }))
      .meta({ description: 'The earliest first.' }),
    version: z.int().meta({ description: 'Grows with every change; the ETag.' }),
    created_at: at,
    edited_at: at.nullable(),
    deleted: z.boolean(),
    deleted_at: at.nullable(),
  })
  .meta({ id: 'Message', description: 'What somebody said in a channel.' })

export type MessageBody = z.input<typeof Message>

/** A message as its statement gives it: see `messageColumns`. */
export type MessageRow = {
  id: string
  channel_id: string
  seq: string
  kind: MessageKind
  author_id: string | null
  author_name: string
  text: string
  reply_to_seq: string | null
  mentions: MessageBody['mentions'] | null
  mentions_all: boolean
  attachments: MessageBody['attachments'] | null
  reactions: MessageBody['reactions'] | null
  version: number
  created_at: string
  edited_at: string | null
  deleted_at: string | null
}

const iso = (value: string | null) => (value === null ? null : time(value).toISOString())

export const toMessage = (row: MessageRow): MessageBody => ({
  ...row,
  seq: Number(row.seq),
  reply_to_seq: row.reply_to_seq === null ? null : Number(row.reply_to_seq),
  mentions: row.mentions ?? [],
  attachments: row.attachments ?? [],
  reactions: row.reactions ?? [],
  created_at: time(row.created_at).toISOString(),
  edited_at: iso(row.edited_at),
  deleted: row.deleted_at !== null,
  deleted_at: iso(row.deleted_at),
})

/** A message as it is right after it was posted. */
export const toNewMessage = (message: PostedMessage): MessageBody => ({
  ...{ id: message.id, channel_id: message.channelId, seq: message.seq, kind: message.kind },
  ...{ author_id: message.userId, author_name: message.authorName, text: message.text },
  reply_to_seq: message.replyToSeq,
  mentions: message.mentions
    .map(({ userId, name }) => ({ user_id: userId, name }))
    .sort((a, b) => (a.user_id < b.user_id ? -1 : 1)),
  mentions_all: message.mentionsAll,
  attachments: message.attachments.map(({ documentId, filename, mediaType, bytes }) => ({
    ...{ document_id: documentId, filename, media_type: mediaType, bytes, is_gone: false },
  })),
  reactions: [],
  version: 1,
  created_at: message.createdAt.toISOString(),
  ...{ edited_at: null, deleted: false, deleted_at: null },
})
