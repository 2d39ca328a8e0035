import * as z from 'zod'
import {
  annotationChanges,
  annotationSources,
  labelTypes,
  validations,
} from '../../db/schema/annotations.ts'
import { textOf, wordsInside } from '../../domain/annotations/region-text.ts'
import { unpackWords } from '../../domain/documents/words.ts'
import type { AnnotationRow, findRegion, VersionRow } from './queries.ts'

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
  })
  .meta({ id: 'Annotation', description: "A labelled region of a document's page." })

export const AnnotationVersion = z
  .object({
    version: z.int(),
    change: z.enum(annotationChanges),
    user_id: z.uuid(),
    at: time,
    content: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'AnnotationVersion', description: 'What an annotation was at one time.' })

export const RegionText = z
  .object({
    text: z.string().meta({ example: 'R-2026-0042' }),
    words: z.array(z.object({ text: z.string(), box: z.array(z.number()).length(4) })),
  })
  .meta({ id: 'RegionText', description: 'What stands in a region.' })

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
  }
}

export const toVersion = (row: VersionRow): z.input<typeof AnnotationVersion> => ({
  version: row.version,
  change: row.change,
  user_id: row.userId,
  at: row.at.toISOString(),
  content: row.content,
})

type Found = NonNullable<Awaited<ReturnType<typeof findRegion>>>

export function regionText({ region, page }: Found): z.input<typeof RegionText> {
  if (!page) return { text: '', words: [] }
  const { x, y, width, height, rotation } = region
  const words = wordsInside(unpackWords(page.words), {
    ...{ box: [x, y, width, height], rotation },
    ...{ pageWidth: page.widthPoints ?? 1, pageHeight: page.heightPoints ?? 1 },
  })
  return {
    text: textOf(page.text, words),
    words: words.map(({ start, length, box }) => ({
      text: page.text.slice(start, start + length),
      box,
    })),
  }
}
