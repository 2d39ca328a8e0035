import { uuidv7 } from 'uuidv7'
import type { Tx } from '../../db/client.ts'
import {
  type AnnotationChange,
  annotations,
  annotationVersions,
} from '../../db/schema/annotations.ts'
import { publishChange } from '../webhooks/publish.ts'
import { type AnnotationRow, contentOf } from './representation.ts'

export type NewAnnotation = Omit<typeof annotations.$inferInsert, 'id'>

/** Makes an annotation of a document that the caller holds, with its first version, and tells webhooks. */
export async function createAnnotation(tx: Tx, values: NewAnnotation): Promise<AnnotationRow> {
  const [row] = await tx
    .insert(annotations)
    .values({ ...values, id: uuidv7() })
    .returning()
  if (!row) throw new Error('an insert returned no row')
  await appendVersion(tx, row, 'create')
  const { tenantId, id: subjectId, documentId, page, labelName, version } = row
  const data = { document_id: documentId, page, label_name: labelName, version }
  await publishChange(tx, { tenantId, subjectId, data, type: 'annotation.created' })
  return row
}

/** Writes the version that a row has now into its history. */
export async function appendVersion(
  tx: Tx,
  row: AnnotationRow,
  change: AnnotationChange,
): Promise<void> {
  const { tenantId, id, version, updatedByUserId, updatedAt } = row
  const verdict = { validated_by: row.validatedByUserId, validated_at: row.validatedAt }
  const content = { ...contentOf(row), ...(row.validation !== 'pending' && verdict) }
  await tx.insert(annotationVersions).values({
    ...{ tenantId, annotationId: id, version, change, content },
    ...{ userId: updatedByUserId, at: updatedAt },
  })
}
