import * as z from 'zod'
import { pageOf, pageQuery } from '../_shared/http/pages.ts'
import { content, failures, route } from '../_shared/http/route.ts'
import { Page, Words } from './contract.ts'
import { param } from './routes.ts'

const exampleId = { id: '0199a1c2-77aa-7aaa-8aaa-000000000002' }
export const pageParam = z.object({
  id: z.uuid().toLowerCase(),
  // Digits alone: `1.0`, `1e0` and `0x1` name no page.
  number: z
    .string()
    .regex(/^[1-9]\d{0,8}$/)
    .transform(Number),
})
const whole = `Answers 409 while the document is not \`completed\`: half a text must not pass for a whole one. Single
pages can be read as soon as they are there.`

export const getContent = route({
  method: 'get',
  path: '/:id/content',
  operationId: 'getDocumentContent',
  role: ['viewer', 'ingest'],
  summary: 'Download the file',
  description: `Takes one byte range; several at once are answered with the whole file. The ETag is that of the bytes
(their SHA-256) and serves \`If-None-Match\` and \`If-Range\`.`,
  input: { param },
  replies: {
    200: content('application/octet-stream', 'The file, with its own media type.'),
    206: content('application/octet-stream', 'The range asked for.'),
    ...failures('not_found', 'range_not_satisfiable'),
  },
  example: { param: exampleId },
  timeoutMs: null,
})

export const listPages = route({
  method: 'get',
  path: '/:id/pages',
  operationId: 'listPages',
  role: ['viewer', 'ingest'],
  summary: 'List the pages that have been read so far',
  input: { param, query: z.object(pageQuery) },
  replies: { 200: pageOf(Page), ...failures('not_found') },
  example: { param: exampleId, query: { limit: '2' } },
})

export const getPage = route({
  method: 'get',
  path: '/:id/pages/:number',
  operationId: 'getPage',
  role: ['viewer', 'ingest'],
  summary: 'Read a page',
  input: { param: pageParam },
  replies: { 200: Page, ...failures('not_found') },
  example: { param: { ...exampleId, number: '1' } },
})

export const getWords = route({
  method: 'get',
  path: '/:id/pages/:number/words',
  operationId: 'getWords',
  role: ['viewer', 'ingest'],
  summary: 'Read the words of a page with their boxes',
  input: { param: pageParam },
  replies: { 200: Words, ...failures('not_found') },
  example: { param: { ...exampleId, number: '1' } },
})

export const getText = route({
  method: 'get',
  path: '/:id/text',
  operationId: 'getText',
  role: ['viewer', 'ingest'],
  summary: 'Read the text of all pages',
  description: `Pages are separated by a form feed (U+000C). ${whole}`,
  input: { param },
  replies: { 200: content('text/plain', 'UTF-8.'), ...failures('not_found', 'conflict') },
  example: { param: exampleId },
  timeoutMs: null,
})

export const getPagesNdjson = route({
  method: 'get',
  path: '/:id/pages.ndjson',
  operationId: 'getPagesNdjson',
  role: ['viewer', 'ingest'],
  summary: 'Read all pages with their words, a page a line',
  description: `A path of its own, so that a link says what it gives. Each line is a page with \`words\`. ${whole}`,
  input: { param },
  replies: {
    200: content('application/x-ndjson', 'One JSON object a line.'),
    ...failures('not_found', 'conflict'),
  },
  example: { param: exampleId },
  timeoutMs: null,
})
