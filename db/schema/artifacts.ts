import { type SQL, sql } from 'drizzle-orm'
import {
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
  uuid,
} from 'drizzle-orm/pg-core'
import { channels } from './channels.ts'
import { documents, tsvector } from './documents.ts'
import { listed } from './listed.ts'
import { messages } from './messages.ts'
import { tenants } from './tenants.ts'
import { bytea } from './users.ts'

export const artifactStatuses = ['streaming', 'completed', 'failed', 'cancelled'] as const
export type ArtifactStatus = (typeof artifactStatuses)[number]

export const artifactMediaTypes = [
  'text/markdown',
  'text/plain',
  'text/html',
  'text/csv',
  'application/json',
  'application/octet-stream',
] as const
export type ArtifactMediaType = (typeof artifactMediaTypes)[number]

/** A tsvector above 1 MB is an error (54000), and none may fail an artifact. */
export const indexedCharsMax = 200_000
export const promptCharsMax = 100_000
/** Of one stored piece, so that a range reads little that it does not send. */
export const pieceBytesMax = 256 * 1024

/**
 * What an AI made, or a program for it. Of a channel: who sees the channel sees it; else all of the tenant but guests.
 * `status` and `model` are those of the latest version, `text` that of the latest one which is complete.
 */
export const artifacts = pgTable(
  'artifacts',
  {
    tenantId: uuid('tenant_id').notNull(),
    id: uuid('id').notNull(),
    title: text('title').notNull(),
    mediaType: text('media_type', { enum: artifactMediaTypes }).notNull(),
    channelId: uuid('channel_id'),
    messageId: uuid('message_id'), // in that channel
    documentId: uuid('document_id'),
    createdByUserId: uuid('created_by_user_id').notNull(), // the user may be gone
    latestNumber: integer('latest_number').notNull().default(1),
    status: text('status', { enum: artifactStatuses }).notNull(),
    model: text('model'),
    text: text('text'), // the first `indexedCharsMax` characters; null: none is complete, or it is no text
    textNumber: integer('text_number'), // the version that it is of
    search: tsvector('search').generatedAlwaysAs(
      (): SQL => sql`to_tsvector('octavo_text', title || ' ' || coalesce(left(text, 200000), ''))`,
    ),
    version: integer('version').notNull().default(1), // grows with every change: the ETag
    createdAt: timestamp('created_at', { withTimezone: true }).notNull(),
    updatedAt: timestamp('updated_at', { withTimezone: true }).notNull(),
  },
  (t) => [
    primaryKey({ name: 'artifacts_pkey', columns: [t.tenantId, t.id] }),
    foreignKey({
      name: 'artifacts_tenant_exists',
      columns: [t.tenantId],
      foreignColumns: [tenants.id],
    }).onDelete('cascade'),
    foreignKey({
      name: 'artifacts_channel_exists',
      columns: [t.tenantId, t.channelId],
      foreignColumns: [channels.tenantId, channels.id],
    }).onDelete('cascade'),
    foreignKey({
      name: 'artifacts_message_exists',
      columns: [t.tenantId, t.messageId],
      foreignColumns: [messages.tenantId, messages.id],
    }).onDelete('cascade'),
    foreignKey({
      name: 'artifacts_document_exists',
      columns: [t.tenantId, t.documentId],
      foreignColumns: [documents.tenantId, documents.id],
    }).onDelete('cascade'),
    index('artifacts_by_channel').on(t.tenantId, t.channelId, t.id), // GET /artifacts?channel_id=
    index('artifacts_by_message').on(t.tenantId, t.messageId, t.id), // GET /artifacts?message_id=
    index('artifacts_by_document').on(t.tenantId, t.documentId, t.id), // GET /artifacts?document_id=
    index('artifacts_by_creator').on(t.tenantId, t.createdByUserId, t.id), // GET /artifacts?created_by=
    index('artifacts_by_status').on(t.tenantId, t.status, t.id), // GET /artifacts?status=
    index('artifacts_by_model').on(t.tenantId, t.model, t.id), // GET /artifacts?model=
    index('artifacts_search').using('gin', t.tenantId, t.search), // GET /search (btree_gin)
    check('artifacts_title_length', sql`char_length(${t.title}) between 1 and 200`),
    check('artifacts_media_type_is_known', sql`${t.mediaType} in (${listed(artifactMediaTypes)})`),
    check('artifacts_status_is_known', sql`${t.status} in (${listed(artifactStatuses)})`),
    check(
      'artifacts_message_has_channel',
      sql`${t.messageId} is null or ${t.channelId} is not null`,
    ),
    check(
      'artifacts_text_length',
      sql`char_length(${t.text}) <= ${sql.raw(String(indexedCharsMax))}`,
    ),
    check('artifacts_text_has_number', sql`(${t.text} is null) = (${t.textNumber} is null)`),
    check('artifacts_version_is_positive', sql`${t.version} > 0 and ${t.latestNumber} > 0`),
  ],
)

/** What a provider said that it took. */
export type ArtifactUsage = {
  input_tokens: number | null
  output_tokens: number | null
  finish_reason: string | null
}

/**
 * One version: where it comes from, and how far it has come. Its bytes lie in `artifact_pieces`. When a provider had to begin
 * anew, `epoch` grew: offsets count from the beginning of the present one, and nothing of an earlier one is left.
 */
export const artifactVersions = pgTable(
  'artifact_versions',
  {
    tenantId: uuid('tenant_id').notNull(),
    artifactId: uuid('artifact_id').notNull(),
    number: integer('number').notNull(), // from 1
    status: text('status', { enum: artifactStatuses }).notNull(),
    provider: text('provider'), // null: a program wrote it
    model: text('model'),
    prompt: text('prompt'),
    parameters: jsonb('parameters').$type<Record<string, unknown>>().notNull().default({}),
    includesDocument: boolean('includes_document').notNull().default(false), // its text goes with the prompt
    jobId: uuid('job_id'), // that generates it; null: callers append
    revertedFrom: integer('reverted_from'), // the version whose bytes these are
    epoch: integer('epoch').notNull().default(0),
    sizeBytes: integer('size_bytes').notNull().default(0), // stored so far
    sha256: bytea('sha256'), // when it is complete
    usage: jsonb('usage').$type<ArtifactUsage>(),
    failureCode: text('failure_code'),
    failureMessage: text('failure_message'),
    createdByUserId: uuid('created_by_user_id').notNull(), // the user may be gone
    version: integer('version').notNull().default(1), // grows with every change, each stored piece included: the ETag
    createdAt: timestamp('created_at', { withTimezone: true }).notNull(),
    endedAt: timestamp('ended_at', { withTimezone: true }),
  },
  (t) => [
    primaryKey({ name: 'artifact_versions_pkey', columns: [t.tenantId, t.artifactId, t.number] }),
    foreignKey({
      name: 'artifact_versions_artifact_exists',
      columns: [t.tenantId, t.artifactId],
      foreignColumns: [artifacts.tenantId, artifacts.id],
    }).onDelete('cascade'),
    check('artifact_versions_number_is_positive', sql`${t.number} > 0 and ${t.version} > 0`),
    check('artifact_versions_status_is_known', sql`${t.status} in (${listed(artifactStatuses)})`),
    check(
      'artifact_versions_prompt_length',
      sql`char_length(${t.prompt}) <= ${sql.raw(String(promptCharsMax))}`,
    ),
    check('artifact_versions_size_is_not_negative', sql`${t.sizeBytes} >= 0 and ${t.epoch} >= 0`),
    check('artifact_versions_sha256_is_sha256', sql`octet_length(${t.sha256}) = 32`),
    check(
      'artifact_versions_complete_has_sha256',
      sql`(${t.status} = 'completed') = (${t.sha256} is not null)`,
    ),
    check(
      'artifact_versions_failed_has_code',
      sql`(${t.status} = 'failed') = (${t.failureCode} is not null)`,
    ),
    check(
      'artifact_versions_ended_has_time',
      sql`(${t.status} = 'streaming') = (${t.endedAt} is null)`,
    ),
  ],
)

/** The bytes of a version in their order, without gap: each piece is what one commit added. */
export const artifactPieces = pgTable(
  'artifact_pieces',
  {
    tenantId: uuid('tenant_id').notNull(),
    artifactId: uuid('artifact_id').notNull(),
    number: integer('number').notNull(),
    epoch: integer('epoch').notNull(),
    offsetBytes: integer('offset_bytes').notNull(), // of its first byte
    bytes: bytea('bytes').notNull(),
  },
  (t) => [
    primaryKey({
      name: 'artifact_pieces_pkey',
      columns: [t.tenantId, t.artifactId, t.number, t.epoch, t.offsetBytes],
    }),
    foreignKey({
      name: 'artifact_pieces_version_exists',
      columns: [t.tenantId, t.artifactId, t.number],
      foreignColumns: [
        artifactVersions.tenantId,
        artifactVersions.artifactId,
        artifactVersions.number,
      ],
    }).onDelete('cascade'),
    check('artifact_pieces_offset_is_not_negative', sql`${t.offsetBytes} >= 0`),
    check(
      'artifact_pieces_bytes_length',
      sql`octet_length(${t.bytes}) between 1 and ${sql.raw(String(pieceBytesMax))}`,
    ),
  ],
)
