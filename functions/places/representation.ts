import * as z from 'zod'
import { places } from '../../db/schema/places.ts'

/** What of a place is shown, and so all that a reader has to select. */
export const placeColumns = {
  id: places.id,
  collection: places.collection,
  name: places.name,
  aliases: places.aliases,
  description: places.description,
  longitude: places.longitude,
  latitude: places.latitude,
  altitudeMetres: places.altitudeMetres,
  properties: places.properties,
  featureId: places.featureId,
  createdByUserId: places.createdByUserId,
  version: places.version,
  createdAt: places.createdAt,
  updatedAt: places.updatedAt,
}

/** The names of those columns in the schema. */
export const placeColumnNames = Object.keys(placeColumns) as (keyof typeof placeColumns)[]

export type PlaceRow = Pick<typeof places.$inferSelect, keyof typeof placeColumns>

const time = z.iso.datetime()

export const placeFields = {
  id: z.uuid(),
  collection: z.string().meta({ example: 'places' }),
  name: z.string().meta({ description: 'Empty where a file gave none.', example: 'Montréal' }),
  aliases: z.array(z.string()).meta({ description: 'Other names.', example: ['Montreal'] }),
  description: z.string(),
  longitude: z.number().meta({ description: 'Degrees east, -180 to 180.', example: -73.5674 }),
  latitude: z.number().meta({ description: 'Degrees north, -90 to 90.', example: 45.5019 }),
  altitude_m: z.number().nullable().meta({ description: 'Metres above the ellipsoid.' }),
  properties: z.record(z.string(), z.unknown()).meta({ description: 'What else is known of it.' }),
  feature_id: z.union([z.string(), z.number()]).nullable().meta({
    description: 'The id that it has in the file from which it comes; `null`: none.',
  }),
  created_by_user_id: z.uuid(),
  version: z.int().meta({ description: 'Grows with every change; the ETag.' }),
  created_at: time,
  updated_at: time,
}

export const Place = z
  .object(placeFields)
  .meta({ id: 'Place', description: 'A named point on the globe (WGS 84).' })

export const toPlace = (row: PlaceRow): z.input<typeof Place> => ({
  id: row.id,
  collection: row.collection,
  name: row.name,
  aliases: row.aliases,
  description: row.description,
  longitude: row.longitude,
  latitude: row.latitude,
  altitude_m: row.altitudeMetres,
  properties: row.properties,
  feature_id: row.featureId,
  created_by_user_id: row.createdByUserId,
  version: row.version,
  created_at: row.createdAt.toISOString(),
  updated_at: row.updatedAt.toISOString(),
})
