import * as z from 'zod'
import { documentKinds, documentStatuses } from '../../db/schema/documents.ts'
import { pageOf, pageQuery } from '../_shared/http/pages.ts'
import { content, failures, route } from '../_shared/http/route.ts'
import type { OpenShare, ShareRow } from './queries.ts'

export const lifetimeSeconds = { min: 60, max: 366 * 86_400, default: 7 * 86_400 }

const param = z.object({ id: z.uuid().toLowerCase() })
const exampleId = { id: '0199a1c2-77aa-7aaa-8aaa-000000000007' }
const exampleToken = `oct_${'0'.repeat(32)}_${'0'.repeat(96)}`
const path = z.string().meta({ format: 'uri-reference' })
const nowhere = `A link that is unknown, expired or revoked, whose document is in the trash or deleted, or whose maker may no
longer give it: each answers the same 404. Failures alone are limited.`

const Share = z
  .object({
    id: z.uuid(),
    document_id: z.uuid(),
    user_id: z.uuid().meta({ description: 'Who made it.' }),
    allow_download: z.boolean(),
    expires_at: z.iso.datetime(),
    created_at: z.iso.datetime(),
  })
  .meta({ id: 'Share', description: 'A link to one document, without its secret.' })

const NewShare = Share.extend({
  token: z.string().nullable().meta({ description: 'Shown once.' }),
  urls: z
    .object({ open: path, content: path.nullable(), pages: path })
    .nullable()
    .meta({ description: 'What to pass on, below the address of this server. Shown once.' }),
}).meta({ id: 'NewShare' })

const SharedDocument = z
  .object({
    filename: z.string(),
    kind: z.enum(documentKinds),
    media_type: z.string(),
    bytes: z.int(),
    status: z.enum(documentStatuses),
    page_count: z.int().nullable(),
    allow_download: z.boolean(),
    expires_at: z.iso.datetime(),
  })
  .meta({ id: 'SharedDocument', description: 'What a link shows of its document.' })

const SharedPage = z.object({ number: z.int(), text: z.string() }).meta({ id: 'SharedPage' })

export const createShare = route({
  method: 'post',
  path: '/',
  operationId: 'createShare',
  role: 'editor',
  summary: 'Make a link by which anybody reads a document',
  description: `The link needs no key, shows the document's present file, and ends by itself: after a year at most, after
seven days where nothing is said. It opens nothing any more while its maker is disabled or less than an editor.`,
  input: {
    json: z
      .object({
        document_id: z.uuid().toLowerCase(),
        expires_at: z.iso.datetime({ offset: true }).optional(),
        expires_in_seconds: z
          .int()
          .min(lifetimeSeconds.min)
          .max(lifetimeSeconds.max)
          .optional()
          .meta({ example: 86_400 }),
        allow_download: z.boolean().default(true).meta({
          description: 'Without it the link shows the text of the pages alone.',
        }),
      })
      .refine(({ expires_at, expires_in_seconds }) => !expires_at || !expires_in_seconds, {
        path: ['expires_at'],
        error: 'Give one of expires_at and expires_in_seconds.',
      }),
  },
  replies: { 201: NewShare, ...failures('conflict') },
  example: {
    json: { document_id: '0199a1c2-77aa-7aaa-8aaa-000000000002', expires_in_seconds: 86_400 },
  },
  secretFields: ['token', 'urls'],
})

export const listShares = route({
  method: 'get',
  path: '/',
  operationId: 'listShares',
  role: 'viewer',
  summary: 'List links, newest first',
  description:
    'Also those that have expired: they stay until they are revoked or their document goes.',
  input: {
    query: z.object({
      ...pageQuery,
      document_id: z.uuid().toLowerCase().optional(),
      user_id: z.uuid().toLowerCase().optional().meta({ description: 'Who made it.' }),
    }),
  },
  replies: { 200: pageOf(Share) },
  example: { query: { limit: '10' } },
})

export const getShare = route({
  method: 'get',
  path: '/:id',
  operationId: 'getShare',
  role: 'viewer',
  summary: 'Read a link, without its secret',
  input: { param },
  replies: { 200: Share, ...failures('not_found') },
  example: { param: exampleId },
})

export const revokeShare = route({
  method: 'delete',
  path: '/:id',
  operationId: 'revokeShare',
  role: 'editor',
  summary: 'Revoke a link',
  description: 'It opens nothing from the reply on.',
  input: { param },
  replies: { 204: null, ...failures('not_found', 'stale_version') },
  example: { param: exampleId },
})

// In the query and not in the path: what is logged of a request never has its query.
const token = z.string().max(200).meta({ description: 'Of the link.' })

export const openShare = route({
  method: 'get',
  path: '/open',
  operationId: 'openShare',
  role: 'public',
  summary: 'See what a link gives',
  description: nowhere,
  input: { query: z.object({ token }) },
  replies: { 200: SharedDocument, ...failures('not_found') },
  example: { query: { token: exampleToken } },
})

export const openContent = route({
  method: 'get',
  path: '/open/content',
  operationId: 'openShareContent',
  role: 'public',
  summary: 'Download the file of a link',
  description: `As an attachment, whole or one range of it. 403 when the link shows the text alone. ${nowhere}`,
  input: { query: z.object({ token }) },
  replies: {
    200: content('application/octet-stream', 'The file, with its own media type.'),
    206: content('application/octet-stream', 'The range asked for.'),
    ...failures('not_found', 'forbidden', 'range_not_satisfiable'),
  },
  example: { query: { token: exampleToken } },
  timeoutMs: null,
})

export const openPages = route({
  method: 'get',
  path: '/open/pages',
  operationId: 'openSharePages',
  role: 'public',
  summary: 'Read the text of the pages of a link',
  description: `Those that have been read so far. ${nowhere}`,
  input: { query: z.object({ ...pageQuery, token }) },
  replies: { 200: pageOf(SharedPage), ...failures('not_found') },
  example: { query: { token: exampleToken, limit: '2' } },
})

export const toShare = (row: ShareRow): z.input<typeof Share> => ({
  id: row.id,
  document_id: row.documentId,
  user_id: row.userId,
  allow_download: row.allowDownload,
  expires_at: row.expiresAt.toISOString(),
  created_at: row.createdAt.toISOString(),
})

/** With its secret, for the one reply that shows it. */
export function toNewShare(row: ShareRow, text: string): z.input<typeof NewShare> {
  const base = '/v1/shares/open'
  const content = row.allowDownload ? `${base}/content?token=${text}` : null
  const urls = { open: `${base}?token=${text}`, content, pages: `${base}/pages?token=${text}` }
  return { ...toShare(row), token: text, urls }
}

export const toSharedDocument = (row: OpenShare): z.input<typeof SharedDocument> => ({
  filename: row.filename,
  kind: row.kind,
  media_type: row.mediaType,
  bytes: row.bytes,
  status: row.status,
  page_count: row.pageCount,
  allow_download: row.allowDownload,
  expires_at: row.expiresAt.toISOString(),
})
