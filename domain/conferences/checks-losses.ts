import type { Db } from '../../db/client.ts'
import type { Named } from './checks-facts.ts'
import type { ReadFile } from './importing.ts'
import { findSeriesOf } from './loading.ts'
import { matchEditions, newSeriesIndex } from './matching.ts'
import type { SourceEdition, SourceSeries } from './source.ts'
import type { EditionState, RoundState, SeriesState } from './state.ts'

/** Known editions of which an import would withdraw every deadline, and the source names no other one instead. */
export type Losses = {
  emptied: Named
  cut: Named // those of the last conference of a file: it may be cut off there
}

const none: Named = { count: 0, names: [] }
export const noLosses: Losses = { emptied: none, cut: none }

const namesMax = 20

type Reading = { tenantId: string; files: readonly ReadFile[]; now: Date }

/** What an import of these files would withdraw. */
export async function lossesOf(db: Db, { tenantId, files, now }: Reading): Promise<Losses> {
  const sources = files.flatMap(({ entries }) => entries.flatMap(({ series }) => series ?? []))
  const known = newSeriesIndex(await findSeriesOf(db, tenantId, sources))
  const last = lastOfOneFile(files)
  const emptied = sources.map((source) => emptiedBy(known.match(source), { source, now }))
  return {
    emptied: named(emptied.flat()),
    cut: named(emptied.filter((_, index) => sources[index] === last).flat()),
  }
}

/** An archive tells by itself when it was cut off. */
function lastOfOneFile(files: readonly ReadFile[]): SourceSeries | null {
  const [only] = files
  if (files.length !== 1 || only?.path !== null) return null
  return only.entries.at(-1)?.series ?? null
}

const named = (names: readonly string[]): Named => ({
  count: names.length,
  names: names.slice(0, namesMax).map((name) => name.slice(0, 200)),
})

function emptiedBy(
  known: SeriesState | null,
  { source, now }: { source: SourceSeries; now: Date },
): string[] {
  if (!known) return []
  const pairs = matchEditions(known.editions, source.editions)
  const sources = new Map([...pairs].map(([edition, state]) => [state, edition]))
  const emptied = known.editions.filter((edition) =>
    losesAll(edition, { source: sources.get(edition) ?? null, at: now.toISOString() }),
  )
  // A year or key that was mistyped stands there anew.
  const added = source.editions.length - pairs.size
  return emptied
    .slice(0, Math.max(0, emptied.length - added))
    .map(({ year }) => `${source.title} ${year}`)
}

type Beside = { source: SourceEdition | null; at: string }

/** Of an edition that a source has forgotten, only what is to come is withdrawn. */
function losesAll({ rounds }: EditionState, { source, at }: Beside): boolean {
  const isOpen = ({ isWithdrawn, deadlines }: RoundState) =>
    !isWithdrawn &&
    deadlines.some((one) => !one.isWithdrawn && (source !== null || (one.at ?? '') > at))
  const hasNone = !source?.rounds.some(({ deadlines }) => deadlines.length > 0)
  return hasNone && rounds.some(isOpen)
}
