import * as z from 'zod'
import { annotationSources } from '../../db/schema/annotations.ts'
import { suggestionStates } from '../../db/schema/suggestions.ts'
import { attributesBytesMax, pageMax } from '../../domain/annotations/bulk-line.ts'
import { annotationFields } from '../../domain/annotations/fields.ts'
import { Annotation } from '../../domain/annotations/representation.ts'
import { jsonBytes } from '../_shared/http/json-bytes.ts'
import { pageOf, pageQuery } from '../_shared/http/pages.ts'
import { failures, route } from '../_shared/http/route.ts'
import { Proposed, ProposedMany, Suggestion } from './representation.ts'

const proposalsMax = 1_000
const documentsMax = 100
const param = z.object({ id: z.uuid().toLowerCase() })
const exampleId = { id: '0199a1c2-77aa-7aaa-8aaa-000000000007' }
const exampleDocumentId = '0199a1c2-77aa-7aaa-8aaa-000000000002'

/** What may differ between what was suggested and what is accepted. */
const { confidence, ...region } = annotationFields
const content = {
  ...region,
  attributes: z
    .record(z.string(), z.unknown())
    .refine((value) => jsonBytes(value) <= attributesBytesMax, {
      error: `Must have at most ${attributesBytesMax} bytes as JSON.`,
    }),
}

const NewSuggestion = z
  .strictObject({
    document_id: z.uuid().toLowerCase(),
    page: z.int().min(1).max(pageMax),
    ...content,
    rotation: content.rotation.default(0),
    label_type: content.label_type.default('text'),
    value: content.value.default(null),
    attributes: content.attributes.default({}),
    confidence: confidence.default(null),
    source: z.enum(annotationSources).default('model'),
  })
  .meta({ id: 'NewSuggestion' })
export type NewSuggestion = z.output<typeof NewSuggestion>

const example = {
  document_id: exampleDocumentId,
  page: 1,
  box: [0.1, 0.2, 0.3, 0.05],
  label_name: 'invoice_number',
  value: 'R-2026-0042',
  confidence: 0.87,
}

const once = `A region that is known is not suggested again, and the verdict says why not: open already, annotated with this
label, or dismissed, which is for ever. It is the same region if page and label are, and the boxes overlap by 0.9 of
what they cover together (IoU) and are turned alike within 5 degrees.`

export const proposeRegion = route({
  method: 'post',
  path: '/',
  operationId: 'suggestRegion',
  role: 'editor',
  summary: 'Suggest a region for a label',
  description: once,
  input: { json: NewSuggestion },
  replies: { 201: Proposed, 200: Proposed, ...failures() },
  example: { json: example },
})

export const proposeRegions = route({
  method: 'post',
  path: '/bulk',
  operationId: 'suggestRegions',
  role: 'editor',
  summary: `Suggest up to ${proposalsMax} regions, with a verdict for each`,
  description: `For programs. With a fault in one of them none is suggested. ${once}`,
  input: {
    json: z.object({
      suggestions: z
        .array(NewSuggestion)
        .min(1)
        .max(proposalsMax)
        .refine((list) => new Set(list.map((one) => one.document_id)).size <= documentsMax, {
          error: `Must be of at most ${documentsMax} documents.`,
        }),
    }),
  },
  replies: { 200: ProposedMany, ...failures() },
  example: {
    json: { suggestions: [example, { ...example, label_name: 'total', value: '12.50' }] },
  },
})

export const listSuggestions = route({
  method: 'get',
  path: '/',
  operationId: 'listSuggestions',
  role: 'viewer',
  summary: 'List what is suggested in a document, page by page',
  description: `Open ones unless you ask for another state. An open one whose place has its label by now is left out as long
as that annotation is there.`,
  input: {
    query: z.object({
      ...pageQuery,
      document_id: z.uuid().toLowerCase(),
      page: z.coerce.number().int().min(1).optional().meta({ description: 'Of this page alone.' }),
      state: z.enum(suggestionStates).default('open'),
      label_name: z.string().min(1).max(200).optional(),
      min_confidence: z.coerce.number().min(0).max(1).optional().meta({
        description: 'At least this sure; those that say nothing of it are left out.',
      }),
    }),
  },
  replies: { 200: pageOf(Suggestion), ...failures('invalid_cursor') },
  example: { query: { document_id: exampleDocumentId, limit: '10' } },
})

export const getSuggestion = route({
  method: 'get',
  path: '/:id',
  operationId: 'getSuggestion',
  role: 'viewer',
  summary: 'Read a suggestion',
  input: { param },
  replies: { 200: Suggestion, ...failures('not_found') },
  example: { param: exampleId },
})

const decided = failures('not_found', 'conflict', 'stale_version')

export const acceptSuggestion = route({
  method: 'post',
  path: '/:id/accept',
  operationId: 'acceptSuggestion',
  role: 'editor',
  summary: 'Accept a suggestion: it becomes an annotation',
  description: `The annotation is \`valid\`, checked by whoever accepts. Again gives the same annotation; one that was
dismissed is a 409.`,
  input: { param },
  replies: { 201: Annotation, 200: Annotation, ...decided },
  example: { param: exampleId },
})

export const modifySuggestion = route({
  method: 'post',
  path: '/:id/modify',
  operationId: 'modifySuggestion',
  role: 'editor',
  summary: 'Accept a suggestion with changes',
  description: `The annotation is \`corrected\`, or \`valid\` where nothing differs from what was suggested. The suggestion itself
stays as it was. The same again gives the same annotation; other changes to one that was accepted are a 409: change the annotation.`,
  input: { param, json: z.object(content).partial() },
  replies: { 201: Annotation, 200: Annotation, ...decided },
  example: { param: exampleId, json: { value: 'R-2026-0043' } },
})

export const dismissSuggestion = route({
  method: 'post',
  path: '/:id/dismiss',
  operationId: 'dismissSuggestion',
  role: 'editor',
  summary: 'Dismiss a suggestion for ever',
  description: `The same region is not suggested again with this label, by whomever and by whatever template. Again changes
nothing; one that was accepted is a 409.`,
  input: { param },
  replies: { 200: Suggestion, ...decided },
  example: { param: exampleId },
})
