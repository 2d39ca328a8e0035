import * as z from 'zod'
import { batchItemStatuses, batchOperations, batchStatuses } from '../../db/schema/batches.ts'
import { documentKinds, documentStatuses } from '../../db/schema/documents.ts'
import { exportFormats } from '../../domain/annotations/exporting.ts'
import { pageOf, pageQuery } from '../_shared/http/pages.ts'
import { content, failures, route } from '../_shared/http/route.ts'
import { itemsMax, parameterFault, selectionFault } from './rules.ts'

const param = z.object({ id: z.uuid().toLowerCase() })
const exampleId = { id: '0199a1c2-77aa-7aaa-8aaa-000000000009' }
const exampleDocumentId = '0199a1c2-77aa-7aaa-8aaa-000000000002'
const time = z.iso.datetime()
const count = z.int()

const Parameters = z
  .object({
    template_id: z.uuid().toLowerCase().optional().meta({ description: 'Of `apply_template`.' }),
    format: z.enum(exportFormats).optional().meta({ description: 'Of `export`.' }),
  })
  .meta({ id: 'BatchParameters' })

const Batch = z
  .object({
    id: z.uuid(),
    name: z.string().nullable(),
    operation: z.enum(batchOperations),
    parameters: Parameters,
    user_id: z.uuid().meta({ description: 'Who made it.' }),
    status: z.enum(batchStatuses).meta({
      description: `\`running\` until every item has ended; then \`completed\`, also when some have failed, which the counts
say; or \`cancelled\`, when somebody asked for it before.`,
    }),
    counts: z.object({
      total: count,
      queued: count,
      running: count,
      completed: count,
      failed: count,
      cancelled: count,
    }),
    cancel_requested: z.boolean(),
    urls: z.object({ items: z.string(), events: z.string(), export: z.string() }),
    version: z.int().meta({ description: 'Grows with every change, progress included; the ETag.' }),
    created_at: time,
    updated_at: time,
    finished_at: time.nullable(),
  })
  .meta({ id: 'Batch', description: 'Many documents and one operation.' })

const BatchItem = z
  .object({
    position: z.int().meta({ description: 'From 0, in the order of the documents.' }),
    document_id: z.uuid(),
    status: z.enum(batchItemStatuses),
    attempts: z.int().meta({ description: 'How often the batch has started it.' }),
    error: z
      .object({
        code: z.string().meta({ example: 'damaged' }),
        message: z.string(),
      })
      .nullable(),
    job_id: z.uuid().nullable().meta({ description: 'Its run; see `/v1/jobs/{id}`.' }),
    started_at: time.nullable(),
    finished_at: time.nullable(),
  })
  .meta({ id: 'BatchItem', description: 'One document of a batch.' })

const Filter = z
  .object({
    status: z.enum(documentStatuses).optional(),
    kind: z.enum(documentKinds).optional(),
    language: z.string().min(1).max(20).optional().meta({ example: 'en' }),
    user_id: z.uuid().toLowerCase().optional().meta({ description: 'Who uploaded it.' }),
  })
  .meta({ id: 'BatchFilter' })

export const createBatch = route({
  method: 'post',
  path: '/',
  operationId: 'createBatch',
  role: 'editor',
  summary: 'Do one thing with many documents',
  description: `\`extract\` reads each document again, \`apply_template\` suggests the regions of a template, \`export\` checks
that each document may be exported. A failed item does not stop the others. The documents are given by their ids, in
order, or by a filter, oldest first: those that there are now, at most ${itemsMax}.`,
  input: {
    json: z
      .object({
        name: z.string().trim().min(1).max(120).optional(),
        operation: z.enum(batchOperations),
        parameters: Parameters.strict().default({}),
        document_ids: z
          .array(z.uuid().toLowerCase())
          .min(1)
          .max(itemsMax)
          .refine((ids) => new Set(ids).size === ids.length, 'Names a document twice.')
          .optional(),
        filter: Filter.strict().optional(),
      })
      .superRefine((batch, context) => {
        for (const fault of [selectionFault(batch), parameterFault(batch)])
          if (fault) context.addIssue({ code: 'custom', ...fault })
      }),
  },
  replies: { 202: Batch },
  example: {
    json: { name: 'Read again', operation: 'extract', document_ids: [exampleDocumentId] },
  },
})

export const listBatches = route({
  method: 'get',
  path: '/',
  operationId: 'listBatches',
  role: 'viewer',
  summary: 'List batches, newest first',
  input: {
    query: z.object({
      ...pageQuery,
      status: z.enum(batchStatuses).optional(),
      operation: z.enum(batchOperations).optional(),
    }),
  },
  replies: { 200: pageOf(Batch), ...failures('invalid_cursor') },
  example: { query: { status: 'running', limit: '10' } },
})

export const getBatch = route({
  method: 'get',
  path: '/:id',
  operationId: 'getBatch',
  role: 'viewer',
  summary: 'Read a batch and how far it is',
  input: { param },
  replies: { 200: Batch, ...failures('not_found') },
  example: { param: exampleId },
})

export const listItems = route({
  method: 'get',
  path: '/:id/items',
  operationId: 'listBatchItems',
  role: 'viewer',
  summary: 'List the items of a batch, in their order',
  input: {
    param,
    query: z.object({ ...pageQuery, status: z.enum(batchItemStatuses).optional() }),
  },
  replies: { 200: pageOf(BatchItem), ...failures('not_found', 'invalid_cursor') },
  example: { param: exampleId, query: { status: 'queued' } },
})

export const watchBatch = route({
  method: 'get',
  path: '/:id/events',
  operationId: 'watchBatch',
  role: 'viewer',
  summary: 'Follow a batch',
  description: `Each \`event: batch\` carries the Batch; its \`id\` is the version. With \`Last-Event-ID\` the first one is sent
once there is a newer version. The stream ends with the batch, or after 15 minutes.`,
  input: {
    param,
    header: z.object({ 'last-event-id': z.coerce.number().int().min(0).optional() }),
  },
  replies: { 200: content('text/event-stream', 'Events.'), ...failures('not_found') },
  example: { param: exampleId },
  timeoutMs: null,
})

export const cancelBatch = route({
  method: 'post',
  path: '/:id/cancel',
  operationId: 'cancelBatch',
  role: 'editor',
  summary: 'Cancel what has not ended',
  description: `Queued items end at once, running ones within about a second. 409 when everything has ended.`,
  input: { param },
  replies: { 202: Batch, ...failures('not_found', 'conflict', 'stale_version') },
  example: { param: exampleId },
})

export const retryBatch = route({
  method: 'post',
  path: '/:id/retry',
  operationId: 'retryBatch',
  role: 'editor',
  summary: 'Try the failed items again',
  description: `And the cancelled ones, when asked for. What has completed is not done again. 409 when there is no such
item, and while a cancel is under way.`,
  input: {
    param,
    json: z.object({
      cancelled: z.boolean().default(false).meta({ description: 'The cancelled ones, too.' }),
    }),
  },
  replies: { 202: Batch, ...failures('not_found', 'conflict', 'stale_version') },
  example: { param: exampleId, json: { cancelled: true } },
})

export const exportBatch = route({
  method: 'get',
  path: '/:id/export',
  operationId: 'exportBatch',
  role: 'viewer',
  summary: 'Get the annotations of all completed items as one file',
  description: `Of a batch of \`export\` that has ended, in its format, the documents in the order of the items: as they are
now. 409 for other batches.`,
  input: { param },
  replies: {
    200: content(
      'application/octet-stream',
      'The file, by its format; a zip archive for many files.',
    ),
    ...failures('not_found', 'conflict'),
  },
  example: { param: exampleId },
  timeoutMs: null,
})

export const deleteBatch = route({
  method: 'delete',
  path: '/:id',
  operationId: 'deleteBatch',
  role: 'editor',
  summary: 'Delete a batch that has ended',
  description: 'Its documents and what was done with them stay. 409 while it runs.',
  input: { param },
  replies: { 204: null, ...failures('not_found', 'conflict', 'stale_version') },
  example: { param: exampleId },
})

export { Batch, BatchItem }
