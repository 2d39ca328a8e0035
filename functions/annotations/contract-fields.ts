import * as z from 'zod'
import { annotationSources } from '../../db/schema/annotations.ts'
import { attributesBytesMax, pageMax } from '../../domain/annotations/bulk-line.ts'
import { annotationFields } from '../../domain/annotations/fields.ts'
import { jsonBytes } from '../_shared/http/json-bytes.ts'

export const exampleDocumentId = '0199a1c2-77aa-7aaa-8aaa-000000000002'

/** What a caller may say of an annotation after it was made. */
export const changeable = {
  ...annotationFields,
  attributes: z
    .record(z.string(), z.unknown())
    .refine((value) => jsonBytes(value) <= attributesBytesMax, {
      error: `Must have at most ${attributesBytesMax} bytes as JSON.`,
    }),
}

/** What a new annotation is made of. */
export const newAnnotation = {
  document_id: z.uuid().toLowerCase(),
  page: z.int().min(1).max(pageMax),
  ...changeable,
  rotation: changeable.rotation.default(0),
  label_type: changeable.label_type.default('text'),
  value: changeable.value.default(null),
  attributes: changeable.attributes.default({}),
  confidence: changeable.confidence.default(null),
  source: z.enum(annotationSources).default('human'),
}
