import * as z from 'zod'
import { fileLimits } from '../../domain/places/feature.ts'
import { placeFormats } from '../../domain/places/importing-file.ts'
import { content, failures, route } from '../_shared/http/route.ts'
import { bbox } from './box.ts'
import { collection } from './contract.ts'

const property = z.string().min(1).max(200)
const propertyList = z
  .string()
  .max(2_000)
  .transform((text) => [...new Set(text.split(','))].filter((name) => name !== ''))
  .refine((names) => names.length <= 20, 'At most 20 properties.')

const Skipped = z
  .object({
    index: z.int().meta({ description: 'Of the feature in the file, from 0.' }),
    name: z.string().nullable(),
    line: z.int().nullable().meta({ description: 'Of KML, from 1.' }),
    reason: z.string().meta({ example: 'It is a LineString, not a Point.' }),
  })
  .meta({ id: 'SkippedFeature', description: 'A feature that is no place.' })

export const PlaceImport = z
  .object({
    dry_run: z.boolean(),
    collection: z.string(),
    totals: z.object({
      features: z.int().meta({ description: 'In the file.' }),
      ...{ created: z.int(), updated: z.int(), unchanged: z.int(), skipped: z.int() },
      unnamed: z.int().meta({ description: 'Places for which the file has no name.' }),
      aliases_left_out: z.int().meta({
        description: 'That are too long, or more than a place can have.',
      }),
    }),
    skipped: z.array(Skipped).meta({ description: `The first ${fileLimits.skippedShown}.` }),
    ignored: z.array(z.string()).meta({
      description: 'What the file has and a place has no room for, e.g. styles.',
      example: ['features[].style'],
    }),
  })
  .meta({ id: 'PlaceImport', description: 'What a file of places has become.' })

export const importPlaces = route({
  method: 'post',
  path: '/import',
  operationId: 'importPlaces',
  role: 'editor',
  summary: 'Import places from GeoJSON or KML',
  description: `All of a file or nothing: where a feature is wrong, the answer is 422 and names each. A feature is found again in
its collection by its \`id\`, else by all that it says, so that the same file changes nothing a second time, and one with
ids brings its changes. What was changed by hand meanwhile becomes again what the file says; names, aliases and descriptions that it does not
have, and places that it does not have, stay as they are. Properties are kept as
they are. Whatever is no point is skipped and listed: a place is one point. Of more than 50 aliases the first count. At most
${fileLimits.bytes} bytes and ${fileLimits.features} features; the format is told by \`Content-Type\` or by what the file
begins with.`,
  input: {
    query: z.object({
      format: z.enum(placeFormats).optional().meta({
        description: 'By default as `Content-Type` says, else what the file begins with.',
      }),
      collection: collection.default('places'),
      name_property: property.optional().meta({
        description: 'Which property is the name; by default `name`, or the name of the placemark.',
      }),
      alias_properties: propertyList.default([]).meta({
        description:
          'Properties with other names, commas between them: lists, or texts with `|`, `;` or `,` between names.',
        example: 'nameascii,namealt',
      }),
      dry_run: z.stringbool().default(false).meta({ description: 'Only say what would change.' }),
    }),
    stream: {
      mediaTypes: [
        'application/geo+json',
        'application/vnd.google-earth.kml+xml',
        'application/vnd.google-earth.kmz',
      ],
      description: 'The file.',
    },
  },
  replies: { 200: PlaceImport, ...failures('invalid', 'payload_too_large') },
  example: {
    query: { collection: 'cities', alias_properties: 'local_name' },
    text: `{
  "type": "FeatureCollection",
  "features": [
    {
      "type": "Feature",
      "id": "montreal",
      "geometry": { "type": "Point", "coordinates": [-73.5674, 45.5019] },
      "properties": { "name": "Montreal", "local_name": "Montréal" }
    }
  ]
}
`,
  },
  timeoutMs: null,
})

export const exportPlaces = route({
  method: 'get',
  path: '/export',
  operationId: 'exportPlaces',
  role: 'viewer',
  summary: 'Export places as GeoJSON or KML',
  description: `As a stream. Importing a collection's file into it again changes nothing: features carry the id that they came
with, or that of the place, and what properties do not say lies in a member \`octavo\`, in KML in the extended data.`,
  input: {
    query: z.object({
      format: z.enum(placeFormats).default('geojson'),
      collection: collection.optional(),
      document_id: z
        .uuid()
        .toLowerCase()
        .optional()
        .meta({ description: 'Only those linked to it.' }),
      bbox: bbox.optional().meta({
        description: 'west,south,east,north in degrees; west > east crosses the antimeridian.',
        example: '5,45,11,48',
      }),
    }),
  },
  replies: {
    200: content(
      'application/geo+json',
      'The file; `application/vnd.google-earth.kml+xml` for KML.',
    ),
    ...failures(),
  },
  example: { query: { collection: 'places' } },
  timeoutMs: null,
})
