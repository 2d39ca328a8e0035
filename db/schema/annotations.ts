import { type SQL, sql } from 'drizzle-orm'
import {
  type AnyPgColumn,
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

export const labelTypes = [
  'text',
  'number',
  'date',
  'checkbox',
  'choice',
  'signature',
  'table',
  'image',
] as const
export type LabelType = (typeof labelTypes)[number]

export const validations = ['pending', 'valid', 'invalid', 'corrected'] as const
export type Validation = (typeof validations)[number]

export const annotationSources = ['human', 'model', 'import'] as const
export type AnnotationSource = (typeof annotationSources)[number]

export const annotationChanges = [
  'create',
  'change',
  'validate',
  'delete',
  'restore',
  'undo',
] as const
export type AnnotationChange = (typeof annotationChanges)[number]

/** The place of a confidence in the queue of reviews: none comes behind all that there can be. */
export const reviewRank = (confidence: AnyPgColumn): SQL => sql`coalesce(${confidence}, 2)`

/**
 * A labelled region of a document's page. The box is `x, y, width, height` in 0..1 of the page as it is seen: origin top
 * left, after the page's rotation; `rotation` turns the box around its centre, in degrees clockwise. `version` grows with
 * every change: it is the ETag. A deleted one stays until its document goes, so that it can be restored.
 */
export const annotations = pgTable(
  'annotations',
  {
    tenantId: uuid('tenant_id').notNull(),
    id: uuid('id').notNull(),
    documentId: uuid('document_id').notNull(),
    page: integer('page').notNull(), // from 1
    x: doublePrecision('x').notNull(),
    y: doublePrecision('y').notNull(),
    width: doublePrecision('width').notNull(),
    height: doublePrecision('height').notNull(),
    rotation: doublePrecision('rotation').notNull().default(0),
    labelType: text('label_type', { enum: labelTypes }).notNull().default('text'),
    labelName: text('label_name').notNull(),
    value: text('value'),
    attributes: jsonb('attributes').$type<Record<string, unknown>>().notNull().default({}),
    confidence: doublePrecision('confidence'), // 0..1, of a model
    source: text('source', { enum: annotationSources }).notNull().default('human'),
    validation: text('validation', { enum: validations }).notNull().default('pending'),
    validatedByUserId: uuid('validated_by_user_id'),
    validatedAt: timestamp('validated_at', { withTimezone: true }),
    createdByUserId: uuid('created_by_user_id').notNull(),
    updatedByUserId: uuid('updated_by_user_id').notNull(),
    deletedAt: timestamp('deleted_at', { withTimezone: true }),
    version: integer('version').notNull().default(1),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
    updatedAt: timestamp('updated_at', { withTimezone: true }).notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ name: 'annotations_pkey', columns: [t.tenantId, t.id] }),
    foreignKey({
      name: 'annotations_document_exists',
      columns: [t.tenantId, t.documentId],
      foreignColumns: [documents.tenantId, documents.id],
    }).onDelete('cascade'),
    // GET /annotations?document_id=&page=
    index('annotations_by_page').on(t.tenantId, t.documentId, t.page, t.id),
    // GET /review/queue and POST /review/next: the least confident first, those of people, who say none, last.
    index('annotations_to_review')
      .on(t.tenantId, reviewRank(t.confidence), t.id)
      .where(sql`validation = 'pending' and deleted_at is null`),
    check('annotations_page_is_positive', sql`${t.page} >= 1`),
    // A millionth of the page is left for the rounding of sums.
    check(
      'annotations_box_is_on_the_page',
      sql`${t.x} >= 0 and ${t.y} >= 0 and ${t.width} > 0 and ${t.height} > 0
        and ${t.x} + ${t.width} <= 1.000001 and ${t.y} + ${t.height} <= 1.000001`,
    ),
    check('annotations_confidence_is_a_share', sql`${t.confidence} between 0 and 1`),
    check('annotations_label_type_is_known', sql`${t.labelType} in (${listed(labelTypes)})`),
    check('annotations_source_is_known', sql`${t.source} in (${listed(annotationSources)})`),
    check('annotations_validation_is_known', sql`${t.validation} in (${listed(validations)})`),
    check(
      'annotations_validation_has_a_time',
      sql`(${t.validation} = 'pending') = (${t.validatedAt} is null)`,
    ),
  ],
)

/** Each version that an annotation has had, whole; written in the transaction of the change. */
export const annotationVersions = pgTable(
  'annotation_versions',
  {
    tenantId: uuid('tenant_id').notNull(),
    annotationId: uuid('annotation_id').notNull(),
    version: integer('version').notNull(),
    change: text('change', { enum: annotationChanges }).notNull(),
    content: jsonb('content').$type<Record<string, unknown>>().notNull(),
    userId: uuid('user_id').notNull(), // who changed it; the user may be gone
    at: timestamp('at', { withTimezone: true }).notNull().defaultNow(),
  },
  (t) => [
    primaryKey({
      name: 'annotation_versions_pkey',
      columns: [t.tenantId, t.annotationId, t.version],
    }),
    foreignKey({
      name: 'annotation_versions_annotation_exists',
      columns: [t.tenantId, t.annotationId],
      foreignColumns: [annotations.tenantId, annotations.id],
    }).onDelete('cascade'),
    check(
      'annotation_versions_change_is_known',
      sql`${t.change} in (${listed(annotationChanges)})`,
    ),
  ],
)

/** Who is working on an annotation: others are told, and nobody is stopped. A lock that is not renewed ends by itself. */
export const annotationLocks = pgTable(
  'annotation_locks',
  {
    tenantId: uuid('tenant_id').notNull(),
    annotationId: uuid('annotation_id').notNull(),
    userId: uuid('user_id').notNull(),
    lockedUntil: timestamp('locked_until', { withTimezone: true }).notNull(),
  },
  (t) => [
    primaryKey({ name: 'annotation_locks_pkey', columns: [t.tenantId, t.annotationId] }),
    index('annotation_locks_by_user').on(t.tenantId, t.userId, t.lockedUntil), // POST /review/next
    foreignKey({
      name: 'annotation_locks_annotation_exists',
      columns: [t.tenantId, t.annotationId],
      foreignColumns: [annotations.tenantId, annotations.id],
    }).onDelete('cascade'),
  ],
)
