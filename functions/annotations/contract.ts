import * as z from 'zod'
import { annotationSources, validations } from '../../db/schema/annotations.ts'
import { Annotation } from '../../domain/annotations/representation.ts'
import { pageOf, pageQuery } from '../_shared/http/pages.ts'
import { failures, route } from '../_shared/http/route.ts'
import { changeable, exampleDocumentId, newAnnotation } from './contract-fields.ts'
import { AnnotationVersion, RegionText } from './representation.ts'

const param = z.object({ id: z.uuid().toLowerCase() })
const exampleId = { id: '0199a1c2-77aa-7aaa-8aaa-000000000005' }

const share = z.coerce.number().min(0).max(1).optional()

export const createAnnotation = route({
  method: 'post',
  path: '/',
  operationId: 'createAnnotation',
  role: 'editor',
  summary: 'Label a region of a page',
  input: {
    json: z.object({
      ...newAnnotation,
      template_id: z.uuid().toLowerCase().optional().meta({
        description: 'The label must be one of this template.',
      }),
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
      label_name: changeable.label_name.optional(),
      validation: z.enum(validations).optional(),
      source: z.enum(annotationSources).optional(),
      min_confidence: share.meta({ description: 'Leaves out annotations without a confidence.' }),
      max_confidence: share,
      created_by: z.uuid().toLowerCase().optional(),
      updated_since: z.iso.datetime({ offset: true }).optional(),
      include_deleted: z.stringbool().default(false).meta({
        description: 'Those that can be restored, too.',
      }),
    }),
  },
  replies: { 200: pageOf(Annotation), ...failures('invalid_cursor') },
  example: { query: { document_id: exampleDocumentId, limit: '10' } },
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
  input: { param, json: z.object(changeable).partial() },
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
