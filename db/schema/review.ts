import { sql } from 'drizzle-orm'
import {
  check,
  foreignKey,
  integer,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uuid,
} from 'drizzle-orm/pg-core'
import { annotationSources } from './annotations.ts'
import { documents } from './documents.ts'
import { listed } from './listed.ts'

/** "I have looked at this page": said of pages where an annotator may have found nothing to mark. */
export const reviewSeenPages = pgTable(
  'review_seen_pages',
  {
    tenantId: uuid('tenant_id').notNull(),
    documentId: uuid('document_id').notNull(),
    page: integer('page').notNull(), // from 1
    userId: uuid('user_id').notNull(), // the user may be gone
    source: text('source', { enum: annotationSources }).notNull(), // `human`: the user's own eyes
    seenAt: timestamp('seen_at', { withTimezone: true }).notNull(),
  },
  (t) => [
    // GET /review/agreement, by document
    primaryKey({
      name: 'review_seen_pages_pkey',
      columns: [t.tenantId, t.documentId, t.page, t.userId, t.source],
    }),
    foreignKey({
      name: 'review_seen_pages_document_exists',
      columns: [t.tenantId, t.documentId],
      foreignColumns: [documents.tenantId, documents.id],
    }).onDelete('cascade'),
    check('review_seen_pages_page_is_positive', sql`${t.page} >= 1`),
    check('review_seen_pages_source_is_known', sql`${t.source} in (${listed(annotationSources)})`),
  ],
)
