import type { DeadlineKind } from '../../db/schema/conferences.ts'
import { nameKeyOf, type SourceEdition, type SourceRound, type SourceSeries } from './source.ts'
import type { EditionState, RoundState, SeriesState } from './state.ts'

export type SeriesIndex = {
  add(series: SeriesState): void
  /**
   * Which of the series a file speaks of: that of the same title and key in dblp, else one that shares a name and an
   * edition with it, so that a series that is renamed stays what it is.
   * @returns `null` for none of them
   */
  match(source: SourceSeries): SeriesState | null
}

/** Finds series by what a file says; by names, because each with each would take minutes of a large import. */
export function newSeriesIndex(known: readonly SeriesState[]): SeriesIndex {
  const byName = new Map<string, Set<SeriesState>>()
  const add = (series: SeriesState) => {
    for (const name of namesOf(series))
      byName.set(name, (byName.get(name) ?? new Set()).add(series))
  }
  for (const series of known) add(series)
  return {
    add,
    match(source) {
      const names = [nameKeyOf(source.title), dblpName(source.dblp)]
      const near = new Set(names.flatMap((name) => [...(byName.get(name) ?? [])]))
      return matchSeries([...near], source)
    },
  }
}

const dblpName = (dblp: string): string => (dblp === '' ? '' : `dblp ${dblp}`)

const namesOf = ({ title, dblp, aliases }: SeriesState): string[] =>
  [nameKeyOf(title), dblpName(dblp), ...aliases.map(({ name }) => nameKeyOf(name))].filter(Boolean)

function matchSeries(known: readonly SeriesState[], source: SourceSeries): SeriesState | null {
  const titleKey = nameKeyOf(source.title)
  const isNamed = (series: SeriesState) => nameKeyOf(series.title) === titleKey
  const same = known.find((series) => isNamed(series) && series.dblp === source.dblp)
  if (same) return same
  const sourceKeys = new Set(source.editions.map(({ key }) => nameKeyOf(key)))
  const near = known.filter((series) => {
    const sharesEdition = series.editions.some(({ key }) => sourceKeys.has(nameKeyOf(key)))
    const lacksKey = isNamed(series) && (series.dblp === '' || source.dblp === '')
    return lacksKey || (sharesEdition && sharesName(series, source))
  })
  return near.length === 1 ? (near[0] ?? null) : null
}

function sharesName(series: SeriesState, { title, dblp }: SourceSeries): boolean {
  if (dblp !== '' && series.dblp === dblp) return true
  // What keys begin with is `sp` for S&P and for SP: a name only where their keys in dblp do not tell them apart.
  const areTwo = dblp !== '' && series.dblp !== ''
  const aliases = series.aliases.filter(
    ({ kind }) => !areTwo || kind === 'title' || kind === 'given',
  )
  const names = [series.title, ...aliases.map(({ name }) => name)].map(nameKeyOf)
  return names.includes(nameKeyOf(title))
}

/** Pairs each edition of a file with the known one: by its key, else as the only one of its year on both sides. */
export function matchEditions(
  known: readonly EditionState[],
  sources: readonly SourceEdition[],
): Map<SourceEdition, EditionState> {
  const pairs = newPairs(known, sources)
  pairs.by((edition) => nameKeyOf(edition.key))
  pairs.by(({ year }) => String(year))
  return pairs.found
}

/**
 * Pairs each round of a file with the known one: by its comment, by a deadline that stayed, by its number. So a round
 * keeps its calendar events also when another is put before it. One that was withdrawn comes back only as what it was,
 * or where nothing else fits: it must not stand in the way of the round that has its number now.
 */
export function matchRounds(
  known: readonly RoundState[],
  sources: readonly SourceRound[],
): Map<SourceRound, RoundState> {
  const numbers = new Map<SourceRound | RoundState, number>(
    sources.map((source, index) => [source, index + 1]),
  )
  for (const round of known) numbers.set(round, round.number)
  const pairs = newPairs<RoundState, SourceRound>(known, sources)
  const numberOf = (round: RoundState | SourceRound) => String(numbers.get(round))
  for (const keyOf of [commentOf, dueOf('paper'), dueOf('abstract'), numberOf]) {
    pairs.by(keyOf, ({ isWithdrawn }) => !isWithdrawn)
    pairs.by(keyOf)
  }
  return pairs.found
}

/** Are they the same rounds, each with a name of its own? Then only their order can differ, which tells nothing. */
export function haveSameNames(
  known: readonly RoundState[],
  sources: readonly SourceRound[],
): boolean {
  const names = new Set(sources.map(commentOf))
  const isNamed = names.size === sources.length && !names.has('')
  const before = new Set(known.map(commentOf))
  return isNamed && known.length === names.size && names.isSubsetOf(before)
}

const commentOf = ({ comment }: RoundState | SourceRound): string => comment.toLowerCase()

const dueOf =
  (kind: DeadlineKind) =>
  ({ deadlines }: RoundState | SourceRound): string =>
    deadlines.find((one) => one.kind === kind && one.at !== null)?.localText ?? ''

/** Pairs what is left on both sides and alone there under its key; an empty key pairs nothing. */
function newPairs<Known, Source>(known: readonly Known[], sources: readonly Source[]) {
  const found = new Map<Source, Known>()
  const taken = new Set<Known>()
  return {
    found,
    by(keyOf: (one: Known | Source) => string, isWanted = (_: Known) => true): void {
      const open = Map.groupBy(
        known.filter((one) => !taken.has(one) && isWanted(one)),
        keyOf,
      )
      const wanted = Map.groupBy(
        sources.filter((one) => !found.has(one)),
        keyOf,
      )
      for (const [key, [source, ...others]] of wanted) {
        const [one, ...rivals] = open.get(key) ?? []
        if (key === '' || !source || !one || others.length > 0 || rivals.length > 0) continue
        found.set(source, one)
        taken.add(one)
      }
    },
  }
}
