import { open } from 'node:fs/promises'
import { defineCommand } from 'citty'
import { findUserIdByEmail } from '../../domain/identity/tenants.ts'
import { fileLimits, PlacesFileFault } from '../../domain/places/feature.ts'
import { placeName } from '../../domain/places/feature-text.ts'
import { importPlaces, rehearseImport } from '../../domain/places/importing.ts'
import {
  type PlaceFormat,
  placeFormats,
  readPlacesFile,
} from '../../domain/places/importing-file.ts'
import { findFirstAdminId } from '../../domain/places/importing-queries.ts'
import { hostileValue } from '../../functions/_shared/http/hostile.ts'
import type { HostDeps } from '../deps.ts'
import { type ImportedFile, placesReport } from './import-places-report.ts'
import { tenantIdOf } from './import-tenant.ts'
import { withDatabase } from './with-database.ts'

const maxCollectionCharacters = 120

const args = {
  file: {
    ...({ type: 'positional', required: true, valueHint: '...' } as const),
    description: 'GeoJSON, KML or KMZ; one or more',
  },
  collection: { type: 'string', default: 'places', description: 'Where they go' },
  format: { type: 'string', description: 'geojson or kml (default: what the file begins with)' },
  'name-property': { type: 'string', description: 'Which property is the name' },
  'alias-properties': { type: 'string', description: 'Properties with other names: a,b' },
  'dry-run': { type: 'boolean', description: 'Only say what would change' },
  tenant: { type: 'string', description: "Name of a tenant (default: the operator's)" },
  user: { type: 'string', description: 'Email of who makes them (default: the oldest admin)' },
  json: { type: 'boolean', description: '{ "files": [{ "path", "totals", "errors" }] }' },
} as const

export const places = defineCommand({
  meta: { name: 'places', description: 'Import places from GeoJSON or KML' },
  args,
  run: ({ args: given }) =>
    withDatabase(async ({ deps }) => {
      const tenantId = await tenantIdOf(deps, given.tenant)
      const order = {
        ...{ tenantId, userId: await userIdOf(deps, tenantId, given.user) },
        collection: collectionOf(given.collection),
        isDryRun: given['dry-run'] === true,
        format: formatOf(given.format),
        nameProperty: given['name-property'],
        aliasProperties: given['alias-properties']?.split(',') ?? [],
      }
      const files: ImportedFile[] = []
      for (const path of given._) files.push(await importFile(deps, order, path))
      if (given.json) console.log(JSON.stringify({ files }))
      else for (const line of placesReport(files, order.isDryRun)) console.log(line)
      if (files.some(({ errors }) => errors.length > 0)) process.exitCode = 1
    }),
})

function collectionOf(given: string): string {
  const collection = placeName(given)
  if (collection !== '' && collection.length <= maxCollectionCharacters) return collection
  throw new Error(`The name of a collection has 1 to ${maxCollectionCharacters} characters.`)
}

function formatOf(given: string | undefined): PlaceFormat | undefined {
  const format = placeFormats.find((known) => known === given)
  if (format || given === undefined) return format
  throw new Error(`There is no format ${given}; use ${placeFormats.join(' or ')}.`)
}

type Deps = HostDeps['deps']

async function userIdOf({ db }: Deps, tenantId: string, email: string | undefined) {
  const id =
    email === undefined
      ? await findFirstAdminId(db, tenantId)
      : await findUserIdByEmail(db, tenantId, email)
  if (id !== null) return id
  throw new Error(`The tenant has no ${email === undefined ? 'admin' : `user ${email}`}.`)
}

type Order = {
  tenantId: string
  userId: string
  collection: string
  isDryRun: boolean
  format: PlaceFormat | undefined
  nameProperty: string | undefined
  aliasProperties: readonly string[]
}

/** All of a file, or nothing where something in it is wrong. */
async function importFile({ db }: Deps, order: Order, path: string): Promise<ImportedFile> {
  try {
    const options = { ...order, findHostile: (value: unknown) => hostileValue(value) }
    const places = await readPlacesFile(await bytesOf(path), options)
    const at = new Date()
    const totals = order.isDryRun
      ? await rehearseImport(db, { ...order, places })
      : await db.transaction((tx) => importPlaces(tx, { ...order, at, places }))
    return { path, totals, skipped: places.skipped, ignored: places.ignored, errors: [] }
  } catch (err) {
    if (!(err instanceof PlacesFileFault)) throw err
    return { path, totals: null, skipped: [], ignored: [], errors: err.faults }
  }
}

/** Looks at the size before it reads. */
async function bytesOf(path: string): Promise<Uint8Array> {
  const file = await open(path).catch((err: NodeJS.ErrnoException) => {
    if (err.code === 'ENOENT') throw new Error(`There is no file ${path}.`)
    throw err
  })
  try {
    const stat = await file.stat()
    if (stat.isDirectory()) throw new Error(`${path} is a folder; name its files.`)
    if (stat.size > fileLimits.bytes)
      throw new Error(`${path} has more than ${fileLimits.bytes} bytes; import its parts.`)
    return await file.readFile()
  } finally {
    await file.close()
  }
}
