import * as z from 'zod'
import { documentKinds, documentStatuses } from '../../db/schema/documents.ts'
import { pageOf, pageQuery } from '../_shared/http/pages.ts'
import { content, failures, route } from '../_shared/http/route.ts'
import { Document, Receipt, Receipts } from './contract.ts'
import { TagFilter, Tags } from './tag-routes.ts'

const exampleId = { id: '0199a1c2-77aa-7aaa-8aaa-000000000002' }
const ownOnly = 'A key with the role `ingest` sees the documents of its own user alone.'
export const param = z.object({ id: z.uuid().toLowerCase() })

/** Longer names are refused, not cut: a cut one could lose its ending. The column has the same bound. */
const filename = z.string().min(1).max(4_000).meta({
  description: 'Only what follows the last slash or backslash is kept, at most 255 characters.',
  example: 'report.pdf',
})
const password = z.string().min(1).max(1_000).optional().meta({
  description: 'Opens a protected file. Kept sealed, never shown, never logged.',
})
const uploadMinutes = 15

export const uploadDocuments = route({
  method: 'post',
  path: '/',
  operationId: 'uploadDocuments',
  role: ['editor', 'ingest'],
  summary: 'Upload one file, or several as multipart',
  description: `The body is the file itself, or \`multipart/form-data\` with the repeatable field \`file\` and the
optional field \`password\`. One file gives one document, several give \`{ items }\`: all of them or, when one is
refused, none. A form holds at most 100 files and ten times the bytes of the largest one. The kind is decided by the bytes: PNG, JPEG and TIFF by their first ones, PDF by its first
kilobyte, else valid UTF-8 text (Markdown by a name ending in .md or .markdown, or by its media type). The text of
images, and of pages without text of their own, is recognized on this machine.

The same bytes again, by \`duplicate\` or else the server's policy: \`link\` answers 200 with the newest document of
these bytes (202, and reads it again, when it had failed as \`encrypted\` and this upload brings a password),
\`refuse\` 409 with its Location, \`version\` 202 with a new document of the next revision. What is in the trash does
not count: its bytes make a new document. Of uploads by a key with the role \`ingest\` only those of its own user count
as the same. A body that arrives slower than 64 KB/s is refused with 400, not 408, because clients repeat a 408 by
themselves.`,
  input: {
    query: z.object({
      filename: filename.optional(),
      duplicate: z.enum(['link', 'refuse', 'version']).optional().meta({ example: 'link' }),
    }),
    header: z.object({ 'x-document-password': password }),
    stream: {
      mediaTypes: [
        'application/pdf',
        'image/png',
        'image/jpeg',
        'image/tiff',
        'text/plain',
        'text/markdown',
        'multipart/form-data',
      ],
      description: 'The file, or multipart with the field `file`.',
    },
  },
  replies: {
    200: z.union([Receipt, Receipts]),
    202: z.union([Receipt, Receipts]),
    ...failures('duplicate', 'payload_too_large', 'unsupported_media_type'),
  },
  example: { query: { filename: 'report.pdf' } },
  timeoutMs: uploadMinutes * 60 * 1000,
})

/** The same by PUT, which is what `curl -T` sends. */
export const putDocument = route({
  ...uploadDocuments,
  method: 'put',
  operationId: 'putDocument',
  summary: 'Upload one file by PUT, as `curl -T` does',
  description: `The same as uploading by POST. Repeating it is safe under the policy \`link\`; \`Idempotency-Key\` is for POST.`,
})

export const listDocuments = route({
  method: 'get',
  path: '/',
  operationId: 'listDocuments',
  role: ['viewer', 'ingest'],
  summary: 'List documents, newest first',
  description: ownOnly,
  input: {
    query: z.object({
      ...pageQuery,
      user_id: z.uuid().toLowerCase().optional(),
      status: z.enum(documentStatuses).optional().meta({ example: 'completed' }),
      kind: z.enum(documentKinds).optional(),
      language: z.string().min(2).max(8).optional().meta({ example: 'en' }),
      tag: TagFilter,
      trashed: z.enum(['true', 'false']).default('false').meta({
        description: '`true`: what is in the trash, and nothing else.',
      }),
    }),
  },
  replies: { 200: pageOf(Document) },
  example: { query: { status: 'completed', limit: '2' } },
})

export const getDocument = route({
  method: 'get',
  path: '/:id',
  operationId: 'getDocument',
  role: ['viewer', 'ingest'],
  summary: 'Read a document',
  description: ownOnly,
  input: { param },
  replies: { 200: Document, ...failures('not_found') },
  example: { param: exampleId },
})

export const watchDocument = route({
  method: 'get',
  path: '/:id/events',
  operationId: 'watchDocument',
  role: ['viewer', 'ingest'],
  summary: 'Follow a document until it is completed, failed or cancelled',
  description: `Each \`event: document\` carries what GET gives; the first one the present state. The stream ends with a
final status, with deletion, when the rights of the key change, or after 15 minutes. ${ownOnly}`,
  input: { param },
  replies: { 200: content('text/event-stream', 'Events.'), ...failures('not_found') },
  example: { param: exampleId },
  timeoutMs: null,
})

export const changeDocument = route({
  method: 'patch',
  path: '/:id',
  operationId: 'changeDocument',
  role: 'editor',
  summary: 'Rename a document, or give it tags',
  description: 'Tags are given as a whole: the document then has these and no others.',
  input: {
    param,
    json: z
      .object({ filename: filename.optional(), tags: Tags.optional() })
      .refine(({ filename: name, tags }) => name !== undefined || tags !== undefined, {
        error: 'Give a filename, or tags.',
      }),
  },
  replies: { 200: Document, ...failures('not_found', 'stale_version', 'conflict') },
  example: { param: exampleId, json: { filename: 'report, final.pdf', tags: ['Invoices'] } },
})

export const deleteDocument = route({
  method: 'delete',
  path: '/:id',
  operationId: 'deleteDocument',
  role: 'editor',
  summary: 'Delete a document everywhere, for good',
  description: `In the trash or not, and with no way back; the trash is what hides it first. Its pages, search hits and
cached results are gone with the reply and its run is stopped. The stored bytes follow within seconds, unless another
document has the same ones.`,
  input: { param },
  replies: { 204: null, ...failures('not_found', 'stale_version') },
  example: { param: exampleId },
})

export const reprocessDocument = route({
  method: 'post',
  path: '/:id/reprocess',
  operationId: 'reprocessDocument',
  role: 'editor',
  summary: 'Read a document again, whole or where it failed',
  description: `Its pages stay readable until the new run has its first one. A run under way is replaced. With
\`pages=unread\` only those are read that failed, or that a cancelled run left; 409 when there are none.`,
  input: {
    param,
    query: z.object({
      pages: z.enum(['all', 'unread']).default('all').meta({ example: 'unread' }),
    }),
    header: z.object({ 'x-document-password': password }),
  },
  replies: { 202: Document, ...failures('not_found', 'stale_version', 'conflict') },
  example: { param: exampleId },
})

export const cancelDocument = route({
  method: 'post',
  path: '/:id/cancel',
  operationId: 'cancelDocument',
  role: 'editor',
  summary: 'Stop reading a document',
  description: `A run that has not begun is cancelled at once; one under way within about a second. What was read stays.
409 when the document has its final status already.`,
  input: { param },
  replies: { 202: Document, ...failures('not_found', 'stale_version', 'conflict') },
  example: { param: exampleId },
})
