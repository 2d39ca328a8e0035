import * as z from 'zod'
import { placeLinkSources } from '../../db/schema/places.ts'
import { pageOf, pageQuery } from '../_shared/http/pages.ts'
import { failures, route } from '../_shared/http/route.ts'
import { exampleId, param } from './contract.ts'

const pagesMax = 1_000
const noteCharactersMax = 2_000

const link = {
  param: z.object({ ...param.shape, document_id: z.uuid().toLowerCase() }),
}
const exampleLink = { ...exampleId, document_id: '0199a1c2-77aa-7aaa-8aaa-000000000002' }

export const PlaceLink = z
  .object({
    document_id: z.uuid(),
    filename: z.string().meta({ example: 'report.pdf' }),
    title: z.string().nullable(),
    pages: z.array(z.int()).meta({ description: 'Where it says so, from 1.', example: [1, 4] }),
    note: z.string(),
    source: z.enum(placeLinkSources).meta({
      description: '`suggestion`: it was found in the text, and somebody accepted it.',
    }),
    created_by_user_id: z.uuid(),
    created_at: z.iso.datetime(),
  })
  .meta({ id: 'PlaceLink', description: 'A document that a place has to do with.' })

export const listPlaceDocuments = route({
  method: 'get',
  path: '/:id/documents',
  operationId: 'listPlaceDocuments',
  role: 'viewer',
  summary: 'List the documents of a place, the oldest first',
  description:
    'Those in the trash are not shown. The places of a document: `GET /v1/places?document_id=`.',
  input: { param, query: z.object(pageQuery) },
  replies: { 200: pageOf(PlaceLink), ...failures('not_found', 'invalid_cursor') },
  example: { param: exampleId },
})

export const linkPlace = route({
  method: 'put',
  path: '/:id/documents/:document_id',
  operationId: 'linkPlace',
  role: 'editor',
  summary: 'Link a place with a document',
  description: `Twice is one link: pages and note become those of the later request. A link that a suggestion made is then yours:
reopening the suggestion leaves it.`,
  input: {
    ...link,
    json: z.object({
      pages: z
        .array(z.int().min(1))
        .max(pagesMax)
        .default([])
        .meta({ description: 'Where the document says so, from 1.', example: [1, 4] }),
      note: z.string().trim().max(noteCharactersMax).default(''),
    }),
  },
  replies: { 200: PlaceLink, ...failures('not_found', 'conflict') },
  example: { param: exampleLink, json: { note: 'The head office.' } },
})

export const unlinkPlace = route({
  method: 'delete',
  path: '/:id/documents/:document_id',
  operationId: 'unlinkPlace',
  role: 'editor',
  summary: 'Take the link between a place and a document away',
  description: 'Both stay.',
  input: link,
  replies: { 204: null, ...failures('not_found') },
  example: { param: exampleLink },
})
