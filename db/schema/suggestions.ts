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
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import { annotationSources, annotations, labelTypes } from './annotations.ts'
import { documents } from './documents.ts'
import { listed } from './listed.ts'
import { templates } from './templates.ts'

export const suggestionStates = ['open', 'accepted', 'dismissed'] as const
export type SuggestionState = (typeof suggestionStates)[number]

export const suggestionSources = ['template', ...annotationSources] as const
export type SuggestionSource = (typeof suggestionSources)[number]

/**
 * A region that somebody, mostly a program, takes for worth a label; boxes as in `annotations`. What was proposed stays
 * as it was: an accepted one names the annotation that was made of it. What is decided is never deleted before its
 * document: a dismissed one is what keeps the region from being proposed again.
 */
export const suggestions = pgTable(
  'suggestions',
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
    source: text('source', { enum: suggestionSources }).notNull(),
    templateId: uuid('template_id'), // of source `template`; it may be gone
    state: text('state', { enum: suggestionStates }).notNull().default('open'),
    annotationId: uuid('annotation_id'), // made when it was accepted
    createdByUserId: uuid('created_by_user_id').notNull(), // the user may be gone
    decidedByUserId: uuid('decided_by_user_id'),
    version: integer('version').notNull().default(1),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
    updatedAt: timestamp('updated_at', { withTimezone: true }).notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ name: 'suggestions_pkey', columns: [t.tenantId, t.id] }),
    foreignKey({
      name: 'suggestions_document_exists',
      columns: [t.tenantId, t.documentId],
      foreignColumns: [documents.tenantId, documents.id],
    }).onDelete('cascade'),
    foreignKey({
      name: 'suggestions_annotation_exists',
      columns: [t.tenantId, t.annotationId],
      foreignColumns: [annotations.tenantId, annotations.id],
    }).onDelete('cascade'),
    // Whatever else fails, the very same region is not suggested twice.
    uniqueIndex('suggestions_region_is_unique').on(
      ...([t.tenantId, t.documentId, t.page, t.labelName] as const),
      ...([t.y, t.x, t.width, t.height, t.rotation] as const),
    ),
    // Deleting an annotation with its document looks for its suggestion.
    uniqueIndex('suggestions_annotation_is_of_one')
      .on(t.tenantId, t.annotationId)
      .where(sql`${t.annotationId} is not null`),
    // GET /suggestions?document_id=&state=&page=
    index('suggestions_by_page').on(t.tenantId, t.documentId, t.state, t.page, t.id),
    check('suggestions_page_is_positive', sql`${t.page} >= 1`),
    check(
      'suggestions_box_is_on_the_page',
      sql`${t.x} >= 0 and ${t.y} >= 0 and ${t.width} > 0 and ${t.height} > 0
        and ${t.x} + ${t.width} <= 1.000001 and ${t.y} + ${t.height} <= 1.000001`,
    ),
    check('suggestions_confidence_is_a_share', sql`${t.confidence} between 0 and 1`),
    check('suggestions_label_type_is_known', sql`${t.labelType} in (${listed(labelTypes)})`),
    check('suggestions_source_is_known', sql`${t.source} in (${listed(suggestionSources)})`),
    check('suggestions_state_is_known', sql`${t.state} in (${listed(suggestionStates)})`),
    check(
      'suggestions_accepted_has_annotation',
      sql`(${t.state} = 'accepted') = (${t.annotationId} is not null)`,
    ),
    check(
      'suggestions_decision_has_user',
      sql`(${t.state} = 'open') = (${t.decidedByUserId} is null)`,
    ),
  ],
)

/** Which templates a document has to satisfy, and in which version. Applying one again renews its row. */
export const templateApplications = pgTable(
  'template_applications',
  {
    tenantId: uuid('tenant_id').notNull(),
    documentId: uuid('document_id').notNull(),
    templateId: uuid('template_id').notNull(),
    templateVersion: integer('template_version').notNull(),
    userId: uuid('user_id').notNull(), // who applied it last; the user may be gone
    appliedAt: timestamp('applied_at', { withTimezone: true }).notNull().defaultNow(),
  },
  (t) => [
    primaryKey({
      name: 'template_applications_pkey',
      columns: [t.tenantId, t.documentId, t.templateId],
    }),
    foreignKey({
      name: 'template_applications_document_exists',
      columns: [t.tenantId, t.documentId],
      foreignColumns: [documents.tenantId, documents.id],
    }).onDelete('cascade'),
    foreignKey({
      name: 'template_applications_template_exists',
      columns: [t.tenantId, t.templateId],
      foreignColumns: [templates.tenantId, templates.id],
    }).onDelete('cascade'),
    // GET /templates/{id}/applications, and the deletion of a template
    index('template_applications_by_template').on(t.tenantId, t.templateId, t.documentId),
    check('template_applications_version_is_positive', sql`${t.templateVersion} > 0`),
  ],
)
