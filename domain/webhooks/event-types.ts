import * as z from 'zod'

const document = z.uuid().meta({ description: 'Of which document.' })
const annotation = {
  document_id: document,
  page: z.int().meta({ description: 'From 1.', example: 1 }),
  label_name: z.string().meta({ example: 'invoice_number' }),
  version: z.int().meta({ description: 'That it has now.', example: 2 }),
}
const nothing = {}

/** Every type of event with what it says beside the id and the address of its subject. There is no other table of them. */
export const eventTypes = {
  'document.completed': {
    subject: 'documents',
    summary: 'A document has been read',
    data: z.object({ page_count: z.int().nullable().meta({ example: 12 }) }),
  },
  'document.failed': {
    subject: 'documents',
    summary: 'A document could not be read',
    data: z.object({ failure_code: z.string().meta({ example: 'encrypted' }) }),
  },
  'document.trashed': {
    subject: 'documents',
    summary: 'A document was put into the trash',
    data: z.object(nothing),
  },
  'document.restored': {
    subject: 'documents',
    summary: 'A document was taken out of the trash',
    data: z.object(nothing),
  },
  'document.deleted': {
    subject: 'documents',
    summary: 'A document was deleted with all that belongs to it',
    data: z.object(nothing),
  },
  'annotation.created': {
    subject: 'annotations',
    summary: 'A region was labelled',
    data: z.object(annotation),
  },
  'annotation.changed': {
    subject: 'annotations',
    summary: 'An annotation was changed, validated, restored or undone',
    data: z.object({ ...annotation, change: z.string().meta({ example: 'validate' }) }),
  },
  'annotation.deleted': {
    subject: 'annotations',
    summary: 'An annotation was deleted; it can be restored',
    data: z.object(annotation),
  },
  'annotations.imported': {
    subject: 'documents',
    summary: 'Annotations came in bulk: one event for each document and about a megabyte of lines',
    data: z.object({ count: z.int().meta({ description: 'Of annotations.', example: 250 }) }),
  },
  'batch.completed': {
    subject: 'batches',
    summary: 'Everything in a batch has ended, well or not',
    data: z.object({
      completed: z.int().meta({ example: 93 }),
      failed: z.int().meta({ example: 7 }),
      cancelled: z.int().meta({ example: 0 }),
    }),
  },
  'webhook.test': {
    subject: 'webhooks',
    summary: 'Somebody tries an endpoint out; only that one is told',
    data: z.object(nothing),
  },
} as const

export type EventType = keyof typeof eventTypes
export type EventData<T extends EventType> = z.input<(typeof eventTypes)[T]['data']>
