import type { DeadlineKind, EstimateBasis } from '../../db/schema/conferences.ts'
import type { EditionState, RoundState } from './state.ts'

/** A deadline that nobody has announced yet. */
export type Estimate = {
  kind: DeadlineKind
  year: number
  round: number
  at: string
  basis: EstimateBasis
}

const yearsMin = 3
const yearsMax = 6 // older ones say little of the next
const spreadDaysMax = 60 // years that differ by more tell nothing of the next
const dayMs = 86_400_000

/**
 * The deadlines of the year after the last known ones, from how those of earlier years moved. Only where at least
 * {@link yearsMin} years in a row have the same rounds and moved alike, and the year itself has nothing announced.
 */
export function estimateNext(editions: readonly EditionState[]): Estimate[] {
  const byYear = new Map<number, RoundState[]>()
  for (const { year, rounds } of editions) {
    const known = rounds.filter(isKnown)
    // Two editions in one year cannot be told apart in the next.
    if (byYear.has(year)) return []
    if (known.length > 0) byYear.set(year, known)
  }
  const lastYear = Math.max(...byYear.keys())
  const last = byYear.get(lastYear) ?? []
  return last.flatMap((round, index) =>
    openDeadlines(round).flatMap(({ kind }) => {
      const timesMs: number[] = []
      const years: number[] = []
      for (let year = lastYear; years.length < yearsMax; year -= 1) {
        const rounds = byYear.get(year)
        const same = rounds?.length === last.length ? rounds[index] : undefined
        const at = same && openDeadlines(same).find((one) => one.kind === kind)?.at
        if (!at) break
        timesMs.unshift(Date.parse(at))
        years.unshift(year)
      }
      const estimate = estimated(timesMs, { years, rounds: last.length })
      return estimate ? [{ kind, year: lastYear + 1, round: index + 1, ...estimate }] : []
    }),
  )
}

const openDeadlines = ({ deadlines }: RoundState) =>
  deadlines.filter(({ at, isWithdrawn }) => at !== null && !isWithdrawn)

const isKnown = (round: RoundState): boolean =>
  !round.isWithdrawn && openDeadlines(round).length > 0

function estimated(
  timesMs: readonly number[],
  { years, rounds }: { years: number[]; rounds: number },
): { at: string; basis: EstimateBasis } | null {
  const lastMs = timesMs.at(-1)
  if (years.length < yearsMin || lastMs === undefined) return null
  const shifts = timesMs
    .slice(1)
    .map((timeMs, index) => Math.round((timeMs - (timesMs[index] ?? 0)) / dayMs))
  if (Math.max(...shifts) - Math.min(...shifts) > spreadDaysMax) return null
  const median = medianOf(shifts)
  return {
    at: new Date(lastMs + median * dayMs).toISOString(),
    basis: {
      ...{ method: 'median_shift', years, shift_days: shifts, median_shift_days: median },
      rounds,
    },
  }
}

/** The middle one; of two, the day between them that comes first. */
function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = (sorted.length - 1) / 2
  const [low = 0, high = 0] = [sorted[Math.floor(middle)], sorted[Math.ceil(middle)]]
  return Math.floor((low + high) / 2)
}
