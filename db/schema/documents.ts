import { type SQL, sql } from 'drizzle-orm'
import {
  type AnyPgColumn,
  bigint,
  boolean,
  check,
  customType,
  doublePrecision,
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
import { listed } from './listed.ts'
import { textChoices, textReasons } from './text-sources.ts'
import { bytea, users } from './users.ts'

export const documentStatuses = [
  'pending',
  'processing',
  'completed',
  'failed',
  'cancelled',
] as const
export type DocumentStatus = (typeof documentStatuses)[number]

export const documentKinds = ['pdf', 'text', 'markdown', 'image'] as const
export type DocumentKind = (typeof documentKinds)[number]

export const failureCodes = [
  'encrypted',
  'damaged',
  'too_many_pages',
  'timeout',
  'unsupported',
  'out_of_memory',
] as const
export type FailureCode = (typeof failureCodes)[number]

/** Where text comes from is told with its reason, or not at all. */
const textSourceChecks = (
  table: string,
  t: { textChoice: AnyPgColumn; textReason: AnyPgColumn },
) => [
  check(`${table}_text_choice_is_known`, sql`${t.textChoice} in (${listed(textChoices)})`),
  check(`${table}_text_reason_is_known`, sql`${t.textReason} in (${listed(textReasons)})`),
  check(
    `${table}_text_source_is_whole`,
    sql`(${t.textChoice} is null) = (${t.textReason} is null)`,
  ),
]

export const tsvector = customType<{ data: string }>({ dataType: () => 'tsvector' })

/**
 * Stored bytes, once per tenant and content. `storage_key` is new for every incarnation of the
 * same content, so that removing an old one can never take the bytes of a newer upload.
 */
export const blobs = pgTable(
  'blobs',
  {
    tenantId: uuid('tenant_id').notNull(),
    sha256: bytea('sha256').notNull(),
    storageKey: text('storage_key').notNull(),
    bytes: bigint('bytes', { mode: 'number' }).notNull(),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ name: 'blobs_pkey', columns: [t.tenantId, t.sha256] }),
    check('blobs_sha256_is_sha256', sql`octet_length(${t.sha256}) = 32`),
    check('blobs_bytes_is_not_negative', sql`${t.bytes} >= 0`),
  ],
)

/** What a user uploaded. `version` grows with every visible change, progress included: it is the ETag. */
export const documents = pgTable(
  'documents',
  {
    tenantId: uuid('tenant_id').notNull(),
    id: uuid('id').notNull(),
    userId: uuid('user_id').notNull(),
    sha256: bytea('sha256').notNull(),
    revision: integer('revision').notNull().default(1), // 2, 3 ... for the same bytes under policy `version`
    fileVersion: integer('file_version').notNull().default(1), // grows with every new file
    filename: text('filename').notNull(),
    mediaType: text('media_type').notNull(),
    kind: text('kind', { enum: documentKinds }).notNull(),
    status: text('status', { enum: documentStatuses }).notNull().default('pending'),
    jobId: uuid('job_id').notNull(),
    passwordSealed: bytea('password_sealed'), // AES-GCM under the installation's secret; never in clear
    pageCount: integer('page_count'),
    pagesDone: integer('pages_done').notNull().default(0),
    failureCode: text('failure_code', { enum: failureCodes }),
    failureMessage: text('failure_message'),
    extractionMs: integer('extraction_ms'),
    title: text('title'),
    author: text('author'),
    language: text('language'),
    textChoice: text('text_choice', { enum: textChoices }), // of its pages; null until they are read
    textReason: text('text_reason', { enum: textReasons }),
    tags: jsonb('tags').$type<string[]>().notNull().default([]), // names to show; `document_tags` finds by them
    trashedAt: timestamp('trashed_at', { withTimezone: true }), // null: not in the trash
    version: integer('version').notNull().default(1),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
    updatedAt: timestamp('updated_at', { withTimezone: true }).notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ name: 'documents_pkey', columns: [t.tenantId, t.id] }),
    foreignKey({
      name: 'documents_user_exists',
      columns: [t.tenantId, t.userId],
      foreignColumns: [users.tenantId, users.id],
    }),
    foreignKey({
      name: 'documents_bytes_exist',
      columns: [t.tenantId, t.sha256],
      foreignColumns: [blobs.tenantId, blobs.sha256],
    }),
    // Duplicate policy: of two uploads of the same bytes at once exactly one creates revision 1.
    uniqueIndex('documents_revision_is_unique_for_bytes').on(t.tenantId, t.sha256, t.revision),
    index('documents_by_user').on(t.tenantId, t.userId, t.id), // GET /documents?user_id=
    index('documents_by_status').on(t.tenantId, t.status, t.id), // GET /documents?status=
    // GET /documents?trashed=true
    index('documents_in_trash').on(t.tenantId, t.id).where(sql`trashed_at is not null`),
    // Emptying the trash of all tenants (db/system.ts).
    index('documents_by_time_in_trash').on(t.trashedAt).where(sql`trashed_at is not null`),
    check('documents_status_is_known', sql`${t.status} in (${listed(documentStatuses)})`),
    check('documents_kind_is_known', sql`${t.kind} in (${listed(documentKinds)})`),
    check(
      'documents_failure_has_code',
      sql`(${t.status} = 'failed') = (${t.failureCode} is not null)`,
    ),
    check('documents_failure_is_known', sql`${t.failureCode} in (${listed(failureCodes)})`),
    check(
      'documents_progress_is_within_pages',
      sql`${t.pagesDone} between 0 and coalesce(${t.pageCount}, ${t.pagesDone})`,
    ),
    ...textSourceChecks('documents', t),
    check('documents_filename_length', sql`char_length(${t.filename}) between 1 and 255`),
  ],
)

/**
 * One extracted page. `words` packs every word in 24 bytes, little endian: start and length in `text`
 * (UTF-16 units, uint32 each), then x, y, width, height (float32, 0..1, origin top left, after rotation).
 */
export const documentPages = pgTable(
  'document_pages',
  {
    tenantId: uuid('tenant_id').notNull(),
    documentId: uuid('document_id').notNull(),
    number: integer('number').notNull(), // from 1
    widthPoints: doublePrecision('width_points'), // null for kinds without geometry
    heightPoints: doublePrecision('height_points'),
    rotation: integer('rotation').notNull().default(0),
    text: text('text').notNull(),
    words: bytea('words').notNull(),
    confidences: bytea('confidences'), // a byte a word, see domain/documents/words.ts; null: none was recognized
    textChoice: text('text_choice', { enum: textChoices }), // null: not read, or before there was a choice
    textReason: text('text_reason', { enum: textReasons }),
    pending: boolean('pending').notNull().default(false), // to be read by a job of its own
    failureCode: text('failure_code', { enum: failureCodes }), // this page alone could not be read
    search: tsvector('search').generatedAlwaysAs(
      // 200,000 characters: a tsvector above 1 MB is an error (54000), and one page must not fail the document.
      (): SQL => sql`to_tsvector('octavo_text', left(text, 200000))`,
    ),
  },
  (t) => [
    primaryKey({ name: 'document_pages_pkey', columns: [t.tenantId, t.documentId, t.number] }),
    foreignKey({
      name: 'document_pages_document_exists',
      columns: [t.tenantId, t.documentId],
      foreignColumns: [documents.tenantId, documents.id],
    }).onDelete('cascade'),
    // GET /search (btree_gin): by their words among the newest, see functions/search/newest.ts
    index('document_pages_search_by_document').using('gin', t.tenantId, t.documentId, t.search),
    check('document_pages_number_is_positive', sql`${t.number} > 0`),
    check('document_pages_rotation_is_quarter', sql`${t.rotation} in (0, 90, 180, 270)`),
    ...textSourceChecks('document_pages', t),
    check(
      'document_pages_confidences_are_of_words',
      sql`octet_length(${t.confidences}) * 24 = octet_length(${t.words})`,
    ),
    check('document_pages_words_are_whole', sql`octet_length(${t.words}) % 24 = 0`),
  ],
)
