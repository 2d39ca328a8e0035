import * as z from 'zod'
import {
  placeAliasesMax,
  placeDescriptionCharsMax,
  placeNameCharsMax,
} from '../../db/schema/places.ts'
import { line } from '../_shared/http/lines.ts'
import { failures, route } from '../_shared/http/route.ts'
import { Place } from './representation.ts'

/** Of the properties of one place, as JSON in UTF-8. */
const propertiesBytesMax = 64 * 1024

export const param = z.object({ id: z.uuid().toLowerCase() })
export const exampleId = { id: '0199a1c2-77aa-7aaa-8aaa-00000000000d' }

export const collection = line(120).meta({
  description: 'Those of one import, or of one kind.',
  example: 'places',
})
export const longitude = z.number().min(-180).max(180).meta({
  description: 'Degrees east (WGS 84).',
  example: -73.5674,
})
export const latitude = z.number().min(-90).max(90).meta({
  description: 'Degrees north (WGS 84).',
  example: 45.5019,
})

const fields = {
  name: line(placeNameCharsMax).meta({ example: 'Montréal' }),
  collection,
  aliases: z
    .array(line(placeNameCharsMax))
    .max(placeAliasesMax)
    .meta({ description: 'Other names, by which texts mention it.', example: ['Montreal'] }),
  description: z.string().max(placeDescriptionCharsMax),
  longitude,
  latitude,
  altitude_m: z.number().nullable().meta({ description: 'Metres above the ellipsoid.' }),
  properties: z
    .record(z.string(), z.unknown())
    .refine(
      (value) => new TextEncoder().encode(JSON.stringify(value)).byteLength <= propertiesBytesMax,
      `Must have at most ${propertiesBytesMax} bytes as JSON.`,
    )
    .meta({ description: `At most ${propertiesBytesMax} bytes as JSON.` }),
}

export const createPlace = route({
  method: 'post',
  path: '/',
  operationId: 'createPlace',
  role: 'editor',
  summary: 'Make a place',
  input: {
    json: z.object({
      ...fields,
      collection: fields.collection.default('places'),
      aliases: fields.aliases.default([]),
      description: fields.description.default(''),
      altitude_m: fields.altitude_m.default(null),
      properties: fields.properties.default({}),
    }),
  },
  replies: { 201: Place, ...failures() },
  example: {
    json: {
      name: 'Montréal',
      aliases: ['Montreal'],
      longitude: -73.5674,
      latitude: 45.5019,
      properties: { country: 'CA' },
    },
  },
})

export const changePlace = route({
  method: 'patch',
  path: '/:id',
  operationId: 'changePlace',
  role: 'editor',
  summary: 'Change a place',
  description: 'Names and properties are given as a whole.',
  input: { param, json: z.object(fields).partial() },
  replies: { 200: Place, ...failures('not_found', 'duplicate', 'stale_version') },
  example: { param: exampleId, json: { aliases: ['Montreal', 'Ville-Marie'] } },
})

export const deletePlace = route({
  method: 'delete',
  path: '/:id',
  operationId: 'deletePlace',
  role: 'editor',
  summary: 'Delete a place with its links to documents',
  input: { param },
  replies: { 204: null, ...failures('not_found', 'stale_version') },
  example: { param: exampleId },
})
