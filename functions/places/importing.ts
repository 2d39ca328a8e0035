import type * as z from 'zod'
import { type FilePlaces, fileLimits, PlacesFileFault } from '../../domain/places/feature.ts'
import { type ImportTotals, importPlaces, rehearseImport } from '../../domain/places/importing.ts'
import { type PlaceFormat, readPlacesFile } from '../../domain/places/importing-file.ts'
import { identityOf } from '../_shared/http/call.ts'
import { hostileValue } from '../_shared/http/hostile.ts'
import { AppError } from '../_shared/http/problems.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import { bodyFingerprint, readWholeBody } from '../_shared/http/whole-body.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import type * as contract from './contract-exchange.ts'

type Query = z.output<typeof contract.importPlaces.input.query>

export const importHandler =
  ({ db, now }: Deps): Handler<typeof contract.importPlaces> =>
  async (c, { query }) => {
    const { tenantId, userId } = identityOf(c.identity)
    const { collection, dry_run: isDryRun } = query
    const bytes = await readWholeBody(c, { bytesMax: fileLimits.bytes, now })
    const format = query.format ?? formatOf(c.request.headers)
    const places = await explained(readPlacesFile(bytes, { ...readOptions(query), format }))
    const order = { tenantId, collection, places }
    if (isDryRun)
      return reply(200, toImport(query, places, await explained(rehearseImport(db, order))))
    const fingerprint = await bodyFingerprint(c.url, bytes)
    return c.write(
      async (tx) => {
        const totals = await explained(importPlaces(tx, { ...order, userId, at: now() }))
        return reply(200, toImport(query, places, totals))
      },
      { fingerprint },
    )
  }

const readOptions = ({ name_property, alias_properties }: Query) => ({
  nameProperty: name_property,
  aliasProperties: alias_properties,
  findHostile: (value: unknown) => hostileValue(value),
})

const formats: readonly [RegExp, PlaceFormat][] = [
  [/^application\/(?:geo\+)?json\b/i, 'geojson'],
  [/^application\/vnd\.google-earth\.km[lz]\b/i, 'kml'],
]

function formatOf(headers: Headers): PlaceFormat | undefined {
  const type = headers.get('content-type') ?? ''
  return formats.find(([pattern]) => pattern.test(type))?.[1]
}

/** What is wrong with a file, as a problem. */
async function explained<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (err) {
    if (!(err instanceof PlacesFileFault)) throw err
    const errors = err.faults.map((fault) => ({ in: 'body' as const, ...fault }))
    throw new AppError('invalid', err.message, { errors })
  }
}

const toImport = ({ dry_run, collection }: Query, places: FilePlaces, totals: ImportTotals) => ({
  ...{ dry_run, collection, totals },
  ...{ skipped: places.skipped, ignored: places.ignored },
})
