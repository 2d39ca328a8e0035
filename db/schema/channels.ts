import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  check,
  foreignKey,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import { documents } from './documents.ts'
import { listed } from './listed.ts'
import { tenants } from './tenants.ts'
import { bytea, users } from './users.ts'

export const channelKinds = ['public', 'private', 'direct', 'document'] as const
export type ChannelKind = (typeof channelKinds)[number]

/** From the most rights to the fewest; an observer reads and does not write. */
export const memberRoles = ['owner', 'moderator', 'member', 'observer'] as const
export type MemberRole = (typeof memberRoles)[number]

/**
 * A place to talk. `public`: everybody of the tenant but guests reads it. `private` and `direct`: members alone know of it.
 * `document`: goes with its document, and is read by whoever reads documents.
 */
export const channels = pgTable(
  'channels',
  {
    tenantId: uuid('tenant_id').notNull(),
    id: uuid('id').notNull(),
    kind: text('kind', { enum: channelKinds }).notNull(),
    name: text('name'), // null for direct channels
    topic: text('topic').notNull().default(''),
    documentId: uuid('document_id'),
    directKey: text('direct_key'), // the ids of all who talk, in order, joined: one channel for the same people
    createdByUserId: uuid('created_by_user_id').notNull(), // the user may be gone
    archivedAt: timestamp('archived_at', { withTimezone: true }),
    version: integer('version').notNull().default(1),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
    updatedAt: timestamp('updated_at', { withTimezone: true }).notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ name: 'channels_pkey', columns: [t.tenantId, t.id] }),
    foreignKey({
      name: 'channels_tenant_exists',
      columns: [t.tenantId],
      foreignColumns: [tenants.id],
    }).onDelete('cascade'),
    foreignKey({
      name: 'channels_document_exists',
      columns: [t.tenantId, t.documentId],
      foreignColumns: [documents.tenantId, documents.id],
    }).onDelete('cascade'),
    // Of public channels alone: a name that is taken by a private one would tell of it.
    uniqueIndex('channels_public_name_is_unique')
      .on(t.tenantId, sql`lower(name)`)
      .where(sql`kind = 'public'`), // `/join name`
    uniqueIndex('channels_document_has_one').on(t.tenantId, t.documentId), // the channel of a document
    uniqueIndex('channels_direct_is_one_for_people').on(t.tenantId, t.directKey),
    check('channels_kind_is_known', sql`${t.kind} in (${listed(channelKinds)})`),
    check(
      'channels_name_fits_kind',
      sql`(${t.kind} = 'direct') = (${t.name} is null) and char_length(${t.name}) between 1 and 80`,
    ),
    check(
      'channels_document_fits_kind',
      sql`(${t.kind} = 'document') = (${t.documentId} is not null)`,
    ),
    check(
      'channels_direct_key_fits_kind',
      sql`(${t.kind} = 'direct') = (${t.directKey} is not null)`,
    ),
    check('channels_topic_length', sql`char_length(${t.topic}) <= 500`),
    check('channels_version_is_positive', sql`${t.version} > 0`),
  ],
)

/**
 * The numbers that a channel has given last. Apart from its channel and narrow, because each message writes it; whoever
 * changes anything in a channel holds this row first, which is what makes `seq` gapless and all of it one order.
 */
export const channelHeads = pgTable(
  'channel_heads',
  {
    tenantId: uuid('tenant_id').notNull(),
    channelId: uuid('channel_id').notNull(),
    messageSeq: bigint('message_seq', { mode: 'number' }).notNull().default(0),
    eventSeq: bigint('event_seq', { mode: 'number' }).notNull().default(0),
  },
  (t) => [
    primaryKey({ name: 'channel_heads_pkey', columns: [t.tenantId, t.channelId] }),
    foreignKey({
      name: 'channel_heads_channel_exists',
      columns: [t.tenantId, t.channelId],
      foreignColumns: [channels.tenantId, channels.id],
    }).onDelete('cascade'),
    check('channel_heads_seq_is_not_negative', sql`${t.messageSeq} >= 0 and ${t.eventSeq} >= 0`),
  ],
)

/** Who is in a channel, and how far they have read. Counts of what is unread are computed from `read_seq`, never stored. */
export const channelMembers = pgTable(
  'channel_members',
  {
    tenantId: uuid('tenant_id').notNull(),
    channelId: uuid('channel_id').notNull(),
    userId: uuid('user_id').notNull(),
    role: text('role', { enum: memberRoles }).notNull(),
    nickname: text('nickname'), // in this channel; null: the display name
    readSeq: bigint('read_seq', { mode: 'number' }).notNull().default(0), // of the last message that was read
    version: integer('version').notNull().default(1), // of role and nickname; reading makes no new one
    joinedAt: timestamp('joined_at', { withTimezone: true }).notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ name: 'channel_members_pkey', columns: [t.tenantId, t.channelId, t.userId] }),
    foreignKey({
      name: 'channel_members_channel_exists',
      columns: [t.tenantId, t.channelId],
      foreignColumns: [channels.tenantId, channels.id],
    }).onDelete('cascade'),
    foreignKey({
      name: 'channel_members_user_exists',
      columns: [t.tenantId, t.userId],
      foreignColumns: [users.tenantId, users.id],
    }).onDelete('cascade'),
    index('channel_members_by_user').on(t.tenantId, t.userId, t.channelId), // my channels; what I may see
    uniqueIndex('channel_members_nickname_is_unique').on(
      t.tenantId,
      t.channelId,
      sql`lower(nickname)`,
    ), // `@nickname` names one person
    check('channel_members_role_is_known', sql`${t.role} in (${listed(memberRoles)})`),
    check('channel_members_nickname_length', sql`char_length(${t.nickname}) between 1 and 40`),
    check('channel_members_read_seq_is_not_negative', sql`${t.readSeq} >= 0`),
  ],
)

/** A link that lets its holder join, while it lasts. Only the SHA-256 of its secret is kept. */
export const channelInvites = pgTable(
  'channel_invites',
  {
    tenantId: uuid('tenant_id').notNull(),
    id: uuid('id').notNull(),
    channelId: uuid('channel_id').notNull(),
    secretSha256: bytea('secret_sha256').notNull(),
    role: text('role', { enum: memberRoles }).notNull(), // that its users get
    allowGuests: boolean('allow_guests').notNull(), // people without a user of the tenant
    guestSeconds: integer('guest_seconds').notNull().default(2_592_000), // that a guest's key lasts
    usesMax: integer('uses_max'), // null: any number
    uses: integer('uses').notNull().default(0),
    createdByUserId: uuid('created_by_user_id').notNull(),
    expiresAt: timestamp('expires_at', { withTimezone: true }).notNull(),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ name: 'channel_invites_pkey', columns: [t.tenantId, t.id] }),
    foreignKey({
      name: 'channel_invites_channel_exists',
      columns: [t.tenantId, t.channelId],
      foreignColumns: [channels.tenantId, channels.id],
    }).onDelete('cascade'),
    foreignKey({
      name: 'channel_invites_user_exists',
      columns: [t.tenantId, t.createdByUserId],
      foreignColumns: [users.tenantId, users.id],
    }).onDelete('cascade'),
    index('channel_invites_by_channel').on(t.tenantId, t.channelId, t.id), // list of a channel's invites
    index('channel_invites_by_user').on(t.tenantId, t.createdByUserId), // cascade of a user's deletion
    check('channel_invites_role_is_known', sql`${t.role} in ('member', 'observer')`),
    check('channel_invites_secret_is_sha256', sql`octet_length(${t.secretSha256}) = 32`),
    check('channel_invites_guest_seconds_are_positive', sql`${t.guestSeconds} > 0`),
    check(
      'channel_invites_uses_are_within_max',
      sql`${t.uses} between 0 and coalesce(${t.usesMax}, ${t.uses})`,
    ),
  ],
)

/**
 * Every change in a channel, in its one order, written in the transaction of the change: what a listener reads to be
 * brought up to date. `data` holds ids, numbers and versions, and never what was said: a deleted text is gone from here too.
 */
export const channelEvents = pgTable(
  'channel_events',
  {
    tenantId: uuid('tenant_id').notNull(),
    channelId: uuid('channel_id').notNull(),
    seq: bigint('seq', { mode: 'number' }).notNull(), // gapless, from 1
    type: text('type').notNull(), // `message.created`, see domain/channels/event-types.ts
    subjectId: uuid('subject_id').notNull(), // of the message, member, game, artifact or channel
    actorUserId: uuid('actor_user_id'), // the user may be gone; null: the system
    data: jsonb('data').$type<Record<string, unknown>>().notNull().default({}),
    at: timestamp('at', { withTimezone: true }).notNull(),
  },
  (t) => [
    primaryKey({ name: 'channel_events_pkey', columns: [t.tenantId, t.channelId, t.seq] }),
    foreignKey({
      name: 'channel_events_channel_exists',
      columns: [t.tenantId, t.channelId],
      foreignColumns: [channels.tenantId, channels.id],
    }).onDelete('cascade'),
    check('channel_events_seq_is_positive', sql`${t.seq} > 0`),
  ],
)
