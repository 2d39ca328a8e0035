import * as z from 'zod'
import { documentKinds } from '../../db/schema/documents.ts'
import { pageOf, pageQuery } from '../_shared/http/pages.ts'
import { content, failures, route } from '../_shared/http/route.ts'
import { Document, toHex } from './contract.ts'
import { param, uploadDocuments } from './routes.ts'
import type { VersionRow } from './version-queries.ts'

const exampleId = { id: '0199a1c2-77aa-7aaa-8aaa-000000000002' }
const versionParam = z.object({
  id: z.uuid().toLowerCase(),
  number: z
    .string()
    .regex(/^[1-9]\d{0,8}$/)
    .transform(Number),
})

const DocumentVersion = z
  .object({
    number: z.int().meta({ description: 'From 1; the highest is the current file.' }),
    is_current: z.boolean(),
    filename: z.string(),
    media_type: z.string(),
    kind: z.enum(documentKinds),
    bytes: z.int(),
    sha256: z.string().meta({ description: 'Of the file, hexadecimal.' }),
    page_count: z.int().nullable().meta({ description: '`null`: it was not read.' }),
    user_id: z.uuid().meta({ description: 'Who uploaded it.' }),
    url: z.string().meta({ format: 'uri-reference', description: 'Of its bytes.' }),
    created_at: z.iso.datetime(),
  })
  .meta({ id: 'DocumentVersion', description: 'A file that a document has or had.' })

export const addVersion = route({
  method: 'post',
  path: '/:id/versions',
  operationId: 'addDocumentVersion',
  role: 'editor',
  summary: 'Upload the next version of a document',
  description: `The body is one file, as for an upload, and what holds there holds here. It becomes the document's file and
is read from its first page; the pages of the file before are gone at once, annotations, tags and share links stay. The
file before is kept as a version. Without a name it keeps the document's. The bytes that the document has already change
nothing (200). The policy for duplicates is for new documents and says nothing here.`,
  input: {
    ...uploadDocuments.input,
    param,
    query: uploadDocuments.input.query.omit({ duplicate: true }),
  },
  replies: {
    200: Document,
    202: Document,
    ...failures('not_found', 'stale_version', 'conflict', 'invalid', 'malformed'),
  },
  example: { param: exampleId, query: { filename: 'report, final.pdf' } },
  timeoutMs: uploadDocuments.timeoutMs,
})

export const listVersions = route({
  method: 'get',
  path: '/:id/versions',
  operationId: 'listDocumentVersions',
  role: ['viewer', 'ingest'],
  summary: 'List the files that a document has had, newest first',
  input: { param, query: z.object(pageQuery) },
  replies: { 200: pageOf(DocumentVersion), ...failures('not_found') },
  example: { param: exampleId },
})

export const getVersionContent = route({
  method: 'get',
  path: '/:id/versions/:number/content',
  operationId: 'getDocumentVersionContent',
  role: ['viewer', 'ingest'],
  summary: 'Download a version of the file',
  description: 'Ranges and ETag as for the document itself.',
  input: { param: versionParam },
  replies: {
    200: content('application/octet-stream', 'The file, with its own media type.'),
    206: content('application/octet-stream', 'The range asked for.'),
    ...failures('not_found', 'range_not_satisfiable'),
  },
  example: { param: { ...exampleId, number: '1' } },
  timeoutMs: null,
})

export const restoreVersion = route({
  method: 'post',
  path: '/:id/versions/:number/restore',
  operationId: 'restoreDocumentVersion',
  role: 'editor',
  summary: 'Make an earlier file the current one',
  description: `As a new version, so that nothing of the history is lost; it is read again, with the password that it came
with. When the document has these bytes already, nothing changes (200).`,
  input: { param: versionParam },
  replies: { 200: Document, 202: Document, ...failures('not_found', 'stale_version', 'conflict') },
  example: { param: { ...exampleId, number: '1' } },
})

/** A row as callers see it. */
export const toVersion = (row: VersionRow): z.input<typeof DocumentVersion> => ({
  number: row.number,
  is_current: row.isCurrent,
  filename: row.filename,
  media_type: row.mediaType,
  kind: row.kind,
  bytes: row.bytes,
  sha256: toHex(row.sha256),
  page_count: row.pageCount,
  user_id: row.userId,
  url: `/v1/documents/${row.documentId}/versions/${row.number}/content`,
  created_at: row.createdAt.toISOString(),
})
