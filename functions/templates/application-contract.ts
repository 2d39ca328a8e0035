import * as z from 'zod'
import { pageOf, pageQuery } from '../_shared/http/pages.ts'
import { failures, route } from '../_shared/http/route.ts'

const uuid = z.uuid().toLowerCase()
const time = z.iso.datetime()
const exampleId = '0199a1c2-77aa-7aaa-8aaa-000000000006'
const exampleDocumentId = '0199a1c2-77aa-7aaa-8aaa-000000000002'
const version = z.int().meta({ description: 'Of the template: what counts for this document.' })

const TemplateApplied = z
  .object({
    template_id: z.uuid(),
    template_version: version,
    document_id: z.uuid(),
    suggestions: z.object({
      created: z.int(),
      existing: z.int().meta({ description: 'Open already.' }),
      dismissed: z
        .int()
        .meta({ description: 'Somebody did not want them; they do not come back.' }),
      annotated: z.int().meta({ description: 'Their label is there already.' }),
    }),
  })
  .meta({ id: 'TemplateApplied', description: 'What came of applying a template.' })

export const applyTemplate = route({
  method: 'post',
  path: '/:id/apply',
  operationId: 'applyTemplate',
  role: 'editor',
  summary: 'Apply a template to a document',
  description: `Suggests the places of its labels, with the words that stand there as values, and makes its required labels count
for the document: in the version that is current now, until it is applied again. Nothing is suggested twice, and what was
dismissed does not come back. A place on any page is suggested on every page where words of the label's format stand; a label
whose type has no value (checkbox, signature, table, image) on every page. 201 the first time, 200 again. A document
that is still being read is a 409.`,
  input: { param: z.object({ id: uuid }), json: z.object({ document_id: uuid }) },
  replies: {
    201: TemplateApplied,
    200: TemplateApplied,
    ...failures('not_found', 'conflict', 'stale_version'),
  },
  example: { param: { id: exampleId }, json: { document_id: exampleDocumentId } },
})

const TemplateApplication = z
  .object({
    template_id: z.uuid(),
    template_name: z.string(),
    template_version: version,
    is_current: z.boolean().meta({ description: 'Whether the template is still at that version.' }),
    document_id: z.uuid(),
    applied_by: z.uuid(),
    applied_at: time,
  })
  .meta({ id: 'TemplateApplication', description: 'A template that counts for a document.' })

export const listApplications = route({
  method: 'get',
  path: '/applications',
  operationId: 'listTemplateApplications',
  role: 'viewer',
  summary: 'List which templates are applied to which documents',
  description: 'Of one document, of one template, or all, by document and template.',
  input: {
    query: z.object({
      ...pageQuery,
      document_id: uuid.optional(),
      template_id: uuid.optional(),
    }),
  },
  replies: { 200: pageOf(TemplateApplication), ...failures('invalid_cursor') },
  example: { query: { document_id: exampleDocumentId } },
})

export const withdrawApplication = route({
  method: 'delete',
  path: '/:id/applications/:document_id',
  operationId: 'withdrawTemplate',
  role: 'editor',
  summary: 'Take a template from a document',
  description: `What it requires counts no more, and what it suggested goes unless somebody has decided it. Annotations stay.`,
  input: { param: z.object({ id: uuid, document_id: uuid }) },
  replies: { 204: null, ...failures('not_found') },
  example: { param: { id: exampleId, document_id: exampleDocumentId } },
})

const OpenFields = z
  .object({
    document_id: z.uuid(),
    is_complete: z.boolean().meta({ description: 'Nothing is open: it may be exported.' }),
    fields: z.array(
      z.object({
        template_id: z.uuid(),
        template_name: z.string(),
        label_name: z.string(),
        reason: z.enum(['missing', 'empty', 'format', 'invalid']).meta({
          description: `\`missing\`: no annotation has the label; \`empty\`: none has a value; \`format\`: no value has the expected
format; \`invalid\`: each was found invalid.`,
        }),
      }),
    ),
  })
  .meta({ id: 'OpenFields', description: 'Required labels that a document does not have.' })

export const readOpenFields = route({
  method: 'get',
  path: '/open-fields',
  operationId: 'readOpenFields',
  role: 'viewer',
  summary: 'Read which required fields of a document are open',
  description:
    'Of all templates that are applied to it. As long as one is open, it is not exported.',
  input: { query: z.object({ document_id: uuid }) },
  replies: { 200: OpenFields, ...failures('not_found') },
  example: { query: { document_id: exampleDocumentId } },
})

export type Applied = z.input<typeof TemplateApplied>
export type Application = z.input<typeof TemplateApplication>
