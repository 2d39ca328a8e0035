import { sql } from 'drizzle-orm'
import {
  check,
  doublePrecision,
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
import { documents } from './documents.ts'
import { listed } from './listed.ts'
import { tenants } from './tenants.ts'

export const annotationFormats = ['json', 'csv', 'coco', 'label_studio', 'yolo', 'funsd'] as const
export type AnnotationFormat = (typeof annotationFormats)[number]

/** A file of annotations that was read. `attributes` is what it says of itself as a whole, for the way back. */
export const annotationImports = pgTable(
  'annotation_imports',
  {
    tenantId: uuid('tenant_id').notNull(),
    id: uuid('id').notNull(),
    userId: uuid('user_id').notNull(), // who brought it; the user may be gone
    format: text('format', { enum: annotationFormats }).notNull(),
    attributes: jsonb('attributes').$type<Record<string, unknown>>().notNull(),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ name: 'annotation_imports_pkey', columns: [t.tenantId, t.id] }),
    foreignKey({
      name: 'annotation_imports_tenant_exists',
      columns: [t.tenantId],
      foreignColumns: [tenants.id],
    }).onDelete('cascade'),
    check('annotation_imports_format_is_known', sql`${t.format} in (${listed(annotationFormats)})`),
  ],
)

/** What the latest file of a format says of a document. */
export const annotatedDocuments = pgTable(
  'annotated_documents',
  {
    tenantId: uuid('tenant_id').notNull(),
    documentId: uuid('document_id').notNull(),
    format: text('format', { enum: annotationFormats }).notNull(),
    importId: uuid('import_id').notNull(),
    attributes: jsonb('attributes').$type<Record<string, unknown>>().notNull(),
  },
  (t) => [
    primaryKey({
      name: 'annotated_documents_pkey',
      columns: [t.tenantId, t.documentId, t.format],
    }),
    foreignKey({
      name: 'annotated_documents_document_exists',
      columns: [t.tenantId, t.documentId],
      foreignColumns: [documents.tenantId, documents.id],
    }).onDelete('cascade'),
    foreignKey({
      name: 'annotated_documents_import_exists',
      columns: [t.tenantId, t.importId],
      foreignColumns: [annotationImports.tenantId, annotationImports.id],
    }).onDelete('cascade'),
    index('annotated_documents_by_import').on(t.tenantId, t.importId), // imports that nobody needs
    check(
      'annotated_documents_format_is_known',
      sql`${t.format} in (${listed(annotationFormats)})`,
    ),
  ],
)

/** What files say of a page, of all formats together: each keeps to a key of its own. */
export const annotatedPages = pgTable(
  'annotated_pages',
  {
    tenantId: uuid('tenant_id').notNull(),
    documentId: uuid('document_id').notNull(),
    page: integer('page').notNull(), // from 1
    width: doublePrecision('width').notNull(), // in units of the file
    height: doublePrecision('height').notNull(),
    attributes: jsonb('attributes').$type<Record<string, unknown>>().notNull(),
  },
  (t) => [
    primaryKey({ name: 'annotated_pages_pkey', columns: [t.tenantId, t.documentId, t.page] }),
    foreignKey({
      name: 'annotated_pages_document_exists',
      columns: [t.tenantId, t.documentId],
      foreignColumns: [documents.tenantId, documents.id],
    }).onDelete('cascade'),
    check('annotated_pages_page_is_positive', sql`${t.page} >= 1`),
    check('annotated_pages_size_is_positive', sql`${t.width} > 0 and ${t.height} > 0`),
  ],
)

/**
 * Who took annotations out, and whether all of them: the row is there from the first byte on. One that has neither
 * `completed_at` nor `broken_at` runs, or its process died.
 */
export const annotationExports = pgTable(
  'annotation_exports',
  {
    tenantId: uuid('tenant_id').notNull(),
    id: uuid('id').notNull(),
    userId: uuid('user_id').notNull(), // the user may be gone
    format: text('format', { enum: annotationFormats }).notNull(),
    documentIds: uuid('document_ids').array().notNull(), // the documents may be gone
    annotationCount: integer('annotation_count').notNull().default(0),
    startedAt: timestamp('started_at', { withTimezone: true }).notNull(),
    completedAt: timestamp('completed_at', { withTimezone: true }),
    brokenAt: timestamp('broken_at', { withTimezone: true }),
  },
  (t) => [
    // GET /annotations/exports, newest first
    primaryKey({ name: 'annotation_exports_pkey', columns: [t.tenantId, t.id] }),
    foreignKey({
      name: 'annotation_exports_tenant_exists',
      columns: [t.tenantId],
      foreignColumns: [tenants.id],
    }).onDelete('cascade'),
    check('annotation_exports_format_is_known', sql`${t.format} in (${listed(annotationFormats)})`),
    check('annotation_exports_ended_once', sql`${t.completedAt} is null or ${t.brokenAt} is null`),
  ],
)
