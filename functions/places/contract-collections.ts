import * as z from 'zod'
import { pageOf, pageQuery } from '../_shared/http/pages.ts'
import { failures, route } from '../_shared/http/route.ts'
import { collection } from './contract.ts'

const PlaceCollection = z
  .object({
    name: z.string().meta({ example: 'places' }),
    count: z.int().meta({ description: 'Places in it.' }),
    updated_at: z.iso.datetime().meta({ description: 'Of the place that was changed last.' }),
  })
  .meta({ id: 'PlaceCollection', description: 'Places that belong together, as of one import.' })

export const listCollections = route({
  method: 'get',
  path: '/collections',
  operationId: 'listPlaceCollections',
  role: 'viewer',
  summary: 'List the collections of places by name',
  input: { query: z.object(pageQuery) },
  replies: { 200: pageOf(PlaceCollection), ...failures('invalid_cursor') },
  example: { query: { limit: '10' } },
})

export const deleteCollection = route({
  method: 'delete',
  path: '/collections',
  operationId: 'deletePlaceCollection',
  role: 'editor',
  summary: 'Delete all places of a collection, with their links to documents',
  description: `Takes an import back. Places are deleted some thousands at a time, each time for good, and the audit log tells of
each time: what was interrupted goes on when it is asked for again. What comes to the collection meanwhile stays.`,
  input: { query: z.object({ collection }) },
  replies: { 204: null, ...failures('not_found') },
  example: { query: { collection: 'places' } },
})
