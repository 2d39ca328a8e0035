import * as z from 'zod'
import {
  annotationSources,
  type annotations,
  labelTypes,
  validations,
} from '../../db/schema/annotations.ts'

export type AnnotationRow = typeof annotations.$inferSelect

const time = z.iso.datetime()

export const Annotation = z
  .object({
    id: z.uuid(),
    document_id: z.uuid(),
    page: z.int().meta({ description: 'From 1.', example: 1 }),
    box: z.array(z.number()).length(4),
    rotation: z.number(),
    label_type: z.enum(labelTypes),
    label_name: z.string(),
    value: z.string().nullable(),
    attributes: z.record(z.string(), z.unknown()),
    confidence: z.number().nullable(),
    source: z.enum(annotationSources),
    validation: z.enum(validations),
    validated_by: z.uuid().nullable(),
    validated_at: time.nullable(),
    created_by: z.uuid(),
    updated_by: z.uuid(),
    version: z.int().meta({ description: 'Grows with every change; the ETag.' }),
    created_at: time,
    updated_at: time,
    deleted_at: time.nullable(),
  })
  .meta({ id: 'Annotation', description: "A labelled region of a document's page." })

/** The part that history keeps and undo brings back. */
export const contentOf = (row: AnnotationRow) => ({
  box: [row.x, row.y, row.width, row.height],
  rotation: row.rotation,
  label_type: row.labelType,
  label_name: row.labelName,
  value: row.value,
  attributes: row.attributes,
  confidence: row.confidence,
  validation: row.validation,
  is_deleted: row.deletedAt !== null,
})

export const toAnnotation = (row: AnnotationRow): z.input<typeof Annotation> => {
  const { is_deleted: _, ...shown } = contentOf(row)
  return {
    id: row.id,
    document_id: row.documentId,
    page: row.page,
    ...shown,
    source: row.source,
    validated_by: row.validatedByUserId,
    validated_at: row.validatedAt?.toISOString() ?? null,
    created_by: row.createdByUserId,
    updated_by: row.updatedByUserId,
    version: row.version,
    created_at: row.createdAt.toISOString(),
    updated_at: row.updatedAt.toISOString(),
    deleted_at: row.deletedAt?.toISOString() ?? null,
  }
}
