import { sql } from 'drizzle-orm'
import { check, foreignKey, index, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { documents } from './documents.ts'

/** A tag of a document, as somebody wrote it. Two tags are the same when `folded` is: case does not tell them apart. */
export const documentTags = pgTable(
  'document_tags',
  {
    tenantId: uuid('tenant_id').notNull(),
    documentId: uuid('document_id').notNull(),
    folded: text('folded').notNull(),
    name: text('name').notNull(),
  },
  (t) => [
    primaryKey({ name: 'document_tags_pkey', columns: [t.tenantId, t.documentId, t.folded] }),
    foreignKey({
      name: 'document_tags_document_exists',
      columns: [t.tenantId, t.documentId],
      foreignColumns: [documents.tenantId, documents.id],
    }).onDelete('cascade'),
    // GET /documents?tag=, GET /documents/tags, GET /search?tag=
    index('document_tags_by_tag').on(t.tenantId, t.folded, t.documentId),
    check('document_tags_name_length', sql`char_length(${t.name}) between 1 and 100`),
  ],
)
