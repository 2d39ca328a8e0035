import { uuidv7 } from 'uuidv7'
import type { Db, Tx } from '../../db/client.ts'
import { analyzeNew } from '../../db/new-statistics.ts'
import { type FileFeature, type FilePlaces, PlacesFileFault } from './feature.ts'
import { placeIdOf } from './feature-key.ts'
import {
  findKnown,
  holdCollection,
  holdNames,
  type ImportedRow,
  type ImportScope,
  insertPlaces,
  updatePlaces,
  type WrittenRow,
} from './importing-queries.ts'
import { placeNameKeys } from './names.ts'
import { exactNumber } from './writing.ts'

/** How many features of a file became what, or would in a dry run. */
export type ImportTotals = {
  features: number
  created: number
  updated: number
  unchanged: number
  skipped: number
  unnamed: number // of those that are places
  aliases_left_out: number
}

type ImportOrder = ImportScope & { userId: string; at: Date; places: FilePlaces }

/** Says what {@link importPlaces} would do, and writes nothing. */
export async function rehearseImport(
  db: Db,
  order: Omit<ImportOrder, 'userId' | 'at'>,
): Promise<ImportTotals> {
  const counts = newCounts()
  for (const rows of batchesOf(order.places.features)) await match(db, { order, rows, counts })
  return totalsOf(order.places, counts)
}

/**
 * Imports a file into its collection: known features become what the file says, others are made. All of it or nothing.
 * @throws {PlacesFileFault} two features stand for one place
 */
export async function importPlaces(tx: Tx, order: ImportOrder): Promise<ImportTotals> {
  const counts = newCounts()
  await holdCollection(tx, order)
  for (const rows of batchesOf(order.places.features)) {
    const known = await match(tx, { order, rows, counts })
    const isKnown = new Set(known.map(({ n }) => n))
    await change(tx, { order, rows, known })
    await create(
      tx,
      order,
      rows.filter(({ n }) => !isKnown.has(n)),
    )
    if (isKnown.size < rows.length) await analyzeNew(tx, ['places'])
  }
  return totalsOf(order.places, counts)
}

type Row = ImportedRow & { feature: FileFeature }
type Counts = { known: Map<string, FileFeature>; updated: number }
const newCounts = (): Counts => ({ known: new Map(), updated: 0 })

const totalsOf = (places: FilePlaces, { known, updated }: Counts): ImportTotals => ({
  ...{ features: places.featureCount, created: places.features.length - known.size, updated },
  ...{ unchanged: known.size - updated, skipped: places.skippedCount },
  unnamed: places.features.filter(({ name }) => !name).length,
  aliases_left_out: places.aliasesLeftOut,
})

const rowsMax = 1_000
const propertiesCharactersMax = 1024 * 1024

/** So many rows as are quick to write; others have their turn between them. */
function* batchesOf(features: readonly FileFeature[]): Generator<Row[]> {
  let rows: Row[] = []
  let characters = 0
  for (const [n, feature] of features.entries()) {
    rows.push(rowOf(feature, n))
    characters += JSON.stringify(feature.properties).length
    if (rows.length < rowsMax && characters < propertiesCharactersMax) continue
    yield rows
    rows = []
    characters = 0
  }
  if (rows.length > 0) yield rows
}

const rowOf = (feature: FileFeature, n: number): Row => ({
  ...{ n, feature, key: feature.key, placeId: placeIdOf(feature.id) },
  ...{ name: feature.name ?? null, aliases: feature.aliases ?? null },
  description: feature.description ?? null,
  longitude: exactNumber(feature.longitude),
  latitude: exactNumber(feature.latitude),
  altitude: feature.altitudeMetres === null ? null : exactNumber(feature.altitudeMetres),
  properties: feature.properties,
})

const withoutFeature = ({ feature, ...row }: Row): ImportedRow => row

type Batch = { order: ImportScope; rows: readonly Row[] }
type Known = { n: number; id: string; isChanged: boolean }

async function match(
  db: Db | Tx,
  { order, rows, counts }: Batch & { counts: Counts },
): Promise<Known[]> {
  const known = await findKnown(db, order, rows.map(withoutFeature))
  const byNumber = new Map(rows.map((row) => [row.n, row.feature]))
  for (const { n, id, isChanged } of known) {
    const feature = byNumber.get(n)
    if (!feature) continue
    const earlier = counts.known.get(id)
    if (earlier) throw samePlace(earlier, feature)
    counts.known.set(id, feature)
    if (isChanged) counts.updated += 1
  }
  return known
}

function samePlace(one: FileFeature, other: FileFeature): PlacesFileFault {
  const detail = `${one.label} and ${other.label} stand for the same place of the collection.`
  return new PlacesFileFault([{ pointer: '', code: 'repeated', detail }])
}

async function change(
  tx: Tx,
  { order, rows, known }: { order: ImportOrder; rows: readonly Row[]; known: readonly Known[] },
): Promise<void> {
  const changed = known.filter(({ isChanged }) => isChanged)
  if (changed.length === 0) return
  const names = await holdNames(tx, order.tenantId, changed)
  const held = new Map(names.map((row) => [row.id, row]))
  const byNumber = new Map(rows.map((row) => [row.n, row]))
  const written = changed.flatMap(({ n, id }): WrittenRow[] => {
    const [row, stored] = [byNumber.get(n), held.get(id)]
    if (!row || !stored) return []
    const { feature, ...said } = row
    const nameKeys = placeNameKeys(row.name ?? stored.name, row.aliases ?? stored.aliases)
    return [{ ...said, id, nameKeys }]
  })
  await updatePlaces(tx, order, written)
}

async function create(tx: Tx, order: ImportOrder, rows: readonly Row[]): Promise<void> {
  if (rows.length === 0) return
  const written = rows.map(({ feature, ...said }) => ({
    ...{ ...said, id: uuidv7(), featureId: feature.id },
    nameKeys: placeNameKeys(said.name ?? '', said.aliases ?? []),
  }))
  await insertPlaces(tx, order, written)
}
