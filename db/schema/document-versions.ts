import { sql } from 'drizzle-orm'
import {
  check,
  foreignKey,
  index,
  integer,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uuid,
} from 'drizzle-orm/pg-core'
import { blobs, type DocumentKind, documents } from './documents.ts'
import { bytea } from './users.ts'

/**
 * The files that a document has had, once there was a second one; the highest number is the current file, which
 * `documents` holds too. Name and `page_count` of a file are those that it had when the next one came.
 */
export const documentVersions = pgTable(
  'document_versions',
  {
    tenantId: uuid('tenant_id').notNull(),
    documentId: uuid('document_id').notNull(),
    number: integer('number').notNull(), // from 1
    filename: text('filename').notNull(),
    mediaType: text('media_type').notNull(),
    kind: text('kind').$type<DocumentKind>().notNull(), // checked where it comes from, in `documents`
    sha256: bytea('sha256').notNull(),
    passwordSealed: bytea('password_sealed'),
    pageCount: integer('page_count'),
    userId: uuid('user_id').notNull(), // who uploaded it; the user may be gone
    createdAt: timestamp('created_at', { withTimezone: true }).notNull(),
  },
  (t) => [
    primaryKey({ name: 'document_versions_pkey', columns: [t.tenantId, t.documentId, t.number] }),
    foreignKey({
      name: 'document_versions_document_exists',
      columns: [t.tenantId, t.documentId],
      foreignColumns: [documents.tenantId, documents.id],
    }).onDelete('cascade'),
    foreignKey({
      name: 'document_versions_bytes_exist',
      columns: [t.tenantId, t.sha256],
      foreignColumns: [blobs.tenantId, blobs.sha256],
    }),
    index('document_versions_by_bytes').on(t.tenantId, t.sha256), // does a version need these bytes?
    check('document_versions_number_is_positive', sql`${t.number} > 0`),
  ],
)
