import * as z from 'zod'
import { annotationSources, validations } from '../../db/schema/annotations.ts'
import { exportFormats } from '../../domain/annotations/exporting.ts'
import { annotationFields } from '../../domain/annotations/fields.ts'
import { Annotation } from '../../domain/annotations/representation.ts'
import { jsonBytes } from '../_shared/http/json-bytes.ts'
import { pageOf, pageQuery } from '../_shared/http/pages.ts'
import { failures, content as replyContent, route } from '../_shared/http/route.ts'
import { AnnotationVersion, RegionText } from './representation.ts'

const attributesBytesMax = 16 * 1024
const param = z.object({ id: z.uuid().toLowerCase() })
const exampleId = { id: '0199a1c2-77aa-7aaa-8aaa-000000000005' }
const exampleDocumentId = '0199a1c2-77aa-7aaa-8aaa-000000000002'

/** What a caller may say of an annotation after it was made. */
const content = {
  ...annotationFields,
  attributes: z
    .record(z.string(), z.unknown())
    .refine((value) => jsonBytes(value) <= attributesBytesMax, {
      error: `Must have at most ${attributesBytesMax} bytes as JSON.`,
    }),
}

export const createAnnotation = route({
  method: 'post',
  path: '/',
  operationId: 'createAnnotation',
  role: 'editor',
  summary: 'Label a region of a page',
  input: {
    json: z.object({
      document_id: z.uuid().toLowerCase(),
      page: z.int().min(1).max(1_000_000),
      ...content,
      rotation: content.rotation.default(0),
      label_type: content.label_type.default('text'),
      value: content.value.default(null),
      attributes: content.attributes.default({}),
      confidence: content.confidence.default(null),
      source: z.enum(annotationSources).default('human'),
    }),
  },
  replies: { 201: Annotation, ...failures() },
  example: {
    json: {
      document_id: exampleDocumentId,
      page: 1,
      box: [0.1, 0.2, 0.3, 0.05],
      label_name: 'invoice_number',
      value: 'R-2026-0042',
    },
  },
})

export const listAnnotations = route({
  method: 'get',
  path: '/',
  operationId: 'listAnnotations',
  role: 'viewer',
  summary: 'List the annotations of a document, page by page',
  input: {
    query: z.object({
      ...pageQuery,
      document_id: z.uuid().toLowerCase(),
      page: z.coerce.number().int().min(1).optional().meta({ description: 'Of this page alone.' }),
    }),
  },
  replies: { 200: pageOf(Annotation), ...failures('invalid_cursor') },
  example: { query: { document_id: exampleDocumentId, limit: '10' } },
})

export const exportAnnotations = route({
  method: 'get',
  path: '/export',
  operationId: 'exportAnnotations',
  role: 'viewer',
  summary: 'Export the annotations of a document',
  description: `As a stream: Octavo's own JSON, CSV, COCO or Label Studio; YOLO and FUNSD as a zip archive with a file a page. Pages without annotations are kept; what a format has no
place for lies in its extension, so that an import gives all of it back. Values that a spreadsheet would run are quoted in CSV.`,
  input: {
    query: z.object({
      document_id: z.uuid().toLowerCase(),
      format: z.enum(exportFormats).default('json'),
    }),
  },
  replies: {
    200: replyContent(
      'application/json',
      'The file; `text/csv` for CSV, `application/zip` for archives.',
    ),
    ...failures('not_found'),
  },
  example: { query: { document_id: exampleDocumentId, format: 'coco' } },
  timeoutMs: null,
})

export const getAnnotation = route({
  method: 'get',
  path: '/:id',
  operationId: 'getAnnotation',
  role: 'viewer',
  summary: 'Read an annotation',
  input: { param },
  replies: { 200: Annotation, ...failures('not_found') },
  example: { param: exampleId },
})

export const readRegion = route({
  method: 'get',
  path: '/:id/text',
  operationId: 'readAnnotationText',
  role: 'viewer',
  summary: 'Read the text in the region of an annotation',
  description: `Words of the page whose middle lies in the box, in reading order. Empty where the page has none, or has
not been read yet.`,
  input: { param },
  replies: { 200: RegionText, ...failures('not_found') },
  example: { param: exampleId },
})

export const changeAnnotation = route({
  method: 'patch',
  path: '/:id',
  operationId: 'changeAnnotation',
  role: 'editor',
  summary: 'Change an annotation',
  description: `Needs \`If-Match\` with the ETag that you have read. Where somebody was faster, the 412 names each
field that differs from what you have read. What was validated is pending again.`,
  input: { param, json: z.object(content).partial() },
  replies: { 200: Annotation, ...failures('not_found', 'stale_version', 'version_required') },
  example: { param: exampleId, headers: { 'if-match': '"v2"' }, json: { value: 'R-2026-0043' } },
})

export const validateAnnotation = route({
  method: 'post',
  path: '/:id/validate',
  operationId: 'validateAnnotation',
  role: 'editor',
  summary: 'Say whether an annotation is right',
  input: { param, json: z.object({ validation: z.enum(validations) }) },
  replies: { 200: Annotation, ...failures('not_found', 'stale_version') },
  example: { param: exampleId, json: { validation: 'valid' } },
})

export const deleteAnnotation = route({
  method: 'delete',
  path: '/:id',
  operationId: 'deleteAnnotation',
  role: 'editor',
  summary: 'Delete an annotation',
  description: 'It can be restored as long as its document is there.',
  input: { param },
  replies: { 204: null, ...failures('not_found', 'stale_version') },
  example: { param: exampleId },
})

export const restoreAnnotation = route({
  method: 'post',
  path: '/:id/restore',
  operationId: 'restoreAnnotation',
  role: 'editor',
  summary: 'Restore a deleted annotation',
  description: 'One that is not deleted stays as it is.',
  input: { param },
  replies: { 200: Annotation, ...failures('not_found', 'stale_version') },
  example: { param: exampleId },
})

export const undoAnnotation = route({
  method: 'post',
  path: '/:id/undo',
  operationId: 'undoAnnotation',
  role: 'editor',
  summary: 'Undo the latest change of an annotation',
  description: 'As a new version with the content of the one before. Undoing that does it again.',
  input: { param },
  replies: { 200: Annotation, ...failures('not_found', 'conflict', 'stale_version') },
  example: { param: exampleId },
})

export const listVersions = route({
  method: 'get',
  path: '/:id/versions',
  operationId: 'listAnnotationVersions',
  role: 'viewer',
  summary: 'Read the history of an annotation, newest first',
  description: 'Also of a deleted one.',
  input: { param, query: z.object(pageQuery) },
  replies: { 200: pageOf(AnnotationVersion), ...failures('not_found', 'invalid_cursor') },
  example: { param: exampleId },
})
