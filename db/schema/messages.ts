import { type SQL, sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  check,
  foreignKey,
  index,
  integer,
  pgTable,
  primaryKey,
  text,
  timestamp,
  unique,
  uuid,
} from 'drizzle-orm/pg-core'
import { channels } from './channels.ts'
import { tsvector } from './documents.ts'
import { listed } from './listed.ts'
import { users } from './users.ts'

/** `action`: what `/me waves` says. */
export const messageKinds = ['text', 'action'] as const
export type MessageKind = (typeof messageKinds)[number]

export const messageCharsMax = 8_000

/**
 * What was said. `seq` is gapless in its channel. A deleted message stays as a row without text, so that it stays so.
 * Authors are plain ids with the name they had: what somebody said stays said when they are gone.
 */
export const messages = pgTable(
  'messages',
  {
    tenantId: uuid('tenant_id').notNull(),
    id: uuid('id').notNull(),
    channelId: uuid('channel_id').notNull(),
    seq: bigint('seq', { mode: 'number' }).notNull(), // from 1
    kind: text('kind', { enum: messageKinds }).notNull().default('text'),
    authorUserId: uuid('author_user_id').notNull(), // the user may be gone
    authorName: text('author_name').notNull(), // as it was then
    text: text('text').notNull(),
    replyToSeq: bigint('reply_to_seq', { mode: 'number' }), // in the same channel
    mentionsAll: boolean('mentions_all').notNull().default(false), // `@all`
    hasAttachments: boolean('has_attachments').notNull().default(false),
    version: integer('version').notNull().default(1),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull(),
    editedAt: timestamp('edited_at', { withTimezone: true }),
    deletedAt: timestamp('deleted_at', { withTimezone: true }),
    search: tsvector('search').generatedAlwaysAs((): SQL => sql`to_tsvector('octavo_text', text)`),
  },
  (t) => [
    primaryKey({ name: 'messages_pkey', columns: [t.tenantId, t.id] }),
    foreignKey({
      name: 'messages_channel_exists',
      columns: [t.tenantId, t.channelId],
      foreignColumns: [channels.tenantId, channels.id],
    }).onDelete('cascade'),
    unique('messages_seq_is_unique_in_channel').on(t.tenantId, t.channelId, t.seq), // history
    foreignKey({
      name: 'messages_answered_one_exists',
      columns: [t.tenantId, t.channelId, t.replyToSeq],
      foreignColumns: [t.tenantId, t.channelId, t.seq],
    }),
    index('messages_by_answered_one')
      .on(t.tenantId, t.channelId, t.replyToSeq, t.seq)
      .where(sql`reply_to_seq is not null`), // replies to one message
    // What is not unread for its author; what somebody has said here. The author before the channel: the keys that point to a
    // message ask by channel and number, and on a new table would take this index and read all of the channel.
    index('messages_by_author').on(t.tenantId, t.authorUserId, t.channelId, t.seq),
    index('messages_deleted').on(t.tenantId, t.channelId, t.seq).where(sql`deleted_at is not null`), // what is not unread any more
    index('messages_with_attachments')
      .on(t.tenantId, t.channelId, t.seq)
      .where(sql`has_attachments`), // GET /messages?has_attachment=true
    index('messages_mentioning_all').on(t.tenantId, t.channelId, t.seq).where(sql`mentions_all`), // count of mentions
    index('messages_search').using('gin', t.tenantId, t.search), // GET /search (btree_gin)
    check('messages_seq_is_positive', sql`${t.seq} > 0`),
    check('messages_kind_is_known', sql`${t.kind} in (${listed(messageKinds)})`),
    check(
      'messages_text_length',
      sql`char_length(${t.text}) <= ${sql.raw(String(messageCharsMax))}`,
    ),
    check('messages_deleted_has_no_text', sql`${t.deletedAt} is null or ${t.text} = ''`),
    check('messages_reply_follows', sql`${t.replyToSeq} < ${t.seq}`),
  ],
)

/** The texts that an edited message had before; they go when it is deleted. */
export const messageVersions = pgTable(
  'message_versions',
  {
    tenantId: uuid('tenant_id').notNull(),
    messageId: uuid('message_id').notNull(),
    version: integer('version').notNull(),
    text: text('text').notNull(),
    at: timestamp('at', { withTimezone: true }).notNull(), // since when it was so
  },
  (t) => [
    primaryKey({ name: 'message_versions_pkey', columns: [t.tenantId, t.messageId, t.version] }),
    foreignKey({
      name: 'message_versions_message_exists',
      columns: [t.tenantId, t.messageId],
      foreignColumns: [messages.tenantId, messages.id],
    }).onDelete('cascade'),
  ],
)

/** Whom a message names. Led by the user: the count of somebody's unread mentions reads only theirs. */
export const messageMentions = pgTable(
  'message_mentions',
  {
    tenantId: uuid('tenant_id').notNull(),
    userId: uuid('user_id').notNull(),
    channelId: uuid('channel_id').notNull(),
    seq: bigint('seq', { mode: 'number' }).notNull(),
  },
  (t) => [
    primaryKey({
      name: 'message_mentions_pkey',
      columns: [t.tenantId, t.userId, t.channelId, t.seq],
    }),
    foreignKey({
      name: 'message_mentions_user_exists',
      columns: [t.tenantId, t.userId],
      foreignColumns: [users.tenantId, users.id],
    }).onDelete('cascade'),
    foreignKey({
      name: 'message_mentions_message_exists',
      columns: [t.tenantId, t.channelId, t.seq],
      foreignColumns: [messages.tenantId, messages.channelId, messages.seq],
    }).onDelete('cascade'),
    index('message_mentions_by_message').on(t.tenantId, t.channelId, t.seq), // whom a message names
  ],
)

/** One person's sign on a message. */
export const messageReactions = pgTable(
  'message_reactions',
  {
    tenantId: uuid('tenant_id').notNull(),
    messageId: uuid('message_id').notNull(),
    emoji: text('emoji').notNull(),
    userId: uuid('user_id').notNull(),
    at: timestamp('at', { withTimezone: true }).notNull(),
  },
  (t) => [
    primaryKey({
      name: 'message_reactions_pkey',
      columns: [t.tenantId, t.messageId, t.emoji, t.userId],
    }),
    foreignKey({
      name: 'message_reactions_message_exists',
      columns: [t.tenantId, t.messageId],
      foreignColumns: [messages.tenantId, messages.id],
    }).onDelete('cascade'),
    foreignKey({
      name: 'message_reactions_user_exists',
      columns: [t.tenantId, t.userId],
      foreignColumns: [users.tenantId, users.id],
    }).onDelete('cascade'),
    index('message_reactions_by_user').on(t.tenantId, t.userId), // cascade of a user's deletion
    check('message_reactions_emoji_length', sql`char_length(${t.emoji}) between 1 and 32`),
  ],
)

/** A document that a message shows. A plain id: of a deleted one the message goes on to say that there was one. */
export const messageAttachments = pgTable(
  'message_attachments',
  {
    tenantId: uuid('tenant_id').notNull(),
    messageId: uuid('message_id').notNull(),
    documentId: uuid('document_id').notNull(), // the document may be gone
    position: integer('position').notNull(), // from 0, as they were given
  },
  (t) => [
    primaryKey({
      name: 'message_attachments_pkey',
      columns: [t.tenantId, t.messageId, t.documentId],
    }),
    foreignKey({
      name: 'message_attachments_message_exists',
      columns: [t.tenantId, t.messageId],
      foreignColumns: [messages.tenantId, messages.id],
    }).onDelete('cascade'),
    index('message_attachments_by_document').on(t.tenantId, t.documentId), // where a document was shown
  ],
)
