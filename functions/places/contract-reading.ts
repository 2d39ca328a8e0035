import * as z from 'zod'
import { pageOf, pageQuery } from '../_shared/http/pages.ts'
import { failures, route } from '../_shared/http/route.ts'
import { bbox } from './box.ts'
import { collection, exampleId, latitude, longitude, param } from './contract.ts'
import { Place, placeFields } from './representation.ts'

const uuid = z.uuid().toLowerCase()
const nearestMax = 100
const nearestDefault = 10

const filter = {
  collection: collection.optional(),
  document_id: uuid.optional().meta({ description: 'Linked with this document.' }),
}

export const listPlaces = route({
  method: 'get',
  path: '/',
  operationId: 'listPlaces',
  role: 'viewer',
  summary: 'List places, oldest first',
  input: {
    query: z.object({
      ...pageQuery,
      ...filter,
      q: z.string().trim().min(1).max(200).optional().meta({
        description:
          'A part of the name or of another name; accents, case and punctuation do not count.',
        example: 'montre',
      }),
      bbox: bbox.optional().meta({
        description: `Inside \`west,south,east,north\` in degrees (RFC 7946, section 5), edges included. With the west greater than the
east it crosses the antimeridian. 180 and -180 are the same longitude, and a place at a pole is in each box that reaches it.`,
        example: '-74,45,-73,46',
      }),
    }),
  },
  replies: { 200: pageOf(Place), ...failures('invalid_cursor') },
  example: { query: { bbox: '-74,45,-73,46', limit: '10' } },
})

const noNumber = 'Must be a number.'

/** A number in a query. Plain coercion would read an empty text as 0. */
const inQuery = (schema: z.ZodNumber) =>
  z.string(noNumber).trim().min(1, noNumber).pipe(z.coerce.number(noNumber)).pipe(schema)

export const listNearest = route({
  method: 'get',
  path: '/nearest',
  operationId: 'listNearestPlaces',
  role: 'viewer',
  summary: 'List the places nearest to a point',
  description: `The nearest first, each with its distance in metres on a sphere of the mean radius of the earth
(6,371,008.8 m). Of places equally far, the older one comes first.`,
  input: {
    query: z.object({
      longitude: inQuery(longitude).meta({
        description: 'Degrees east (WGS 84), -180 to 180.',
        example: '-73.5674',
      }),
      latitude: inQuery(latitude).meta({
        description: 'Degrees north (WGS 84), -90 to 90.',
        example: '45.5019',
      }),
      limit: z.coerce.number().int().min(1).max(nearestMax).default(nearestDefault).meta({
        description: 'How many at most.',
      }),
      max_distance_m: inQuery(z.number().min(0)).optional().meta({
        description: 'None that is farther away.',
      }),
      ...filter,
    }),
  },
  replies: {
    200: z.object({
      items: z.array(
        z
          .object({
            ...placeFields,
            distance_m: z.number().meta({ description: 'Metres.', example: 1523.25 }),
          })
          .meta({ id: 'NearPlace', description: 'A place, and how far it is.' }),
      ),
    }),
    ...failures(),
  },
  example: { query: { longitude: '-73.5674', latitude: '45.5019', limit: '3' } },
})

export const getPlace = route({
  method: 'get',
  path: '/:id',
  operationId: 'getPlace',
  role: 'viewer',
  summary: 'Read a place',
  input: { param },
  replies: { 200: Place, ...failures('not_found') },
  example: { param: exampleId },
})
