import type { KeyCounts } from './key-counts.ts'

/** What a check found, in a sentence for people, and the values behind it. */
export type Verdict = {
  passed: boolean
  values: Record<string, string | number | boolean | null>
  message: string
  severity?: 'error' | 'warn' // instead of the check's own, where it depends on what was found or asked for
}

export type VolumeFloor = {
  count: number
  min?: number
  /** At least this share of the count before, 0 to 1 (or more); not asked where there is none before. */
  shareMin?: number
  previous?: unknown // the values of this check in the run before, or null
}

/** Is there as much as there should be? Its values hold `count`, which the next run compares itself with. */
export function volumeFloor({ count, min = 0, shareMin, previous }: VolumeFloor): Verdict {
  requireCounts({ count, min, shareMin: shareMin ?? 0 })
  const before = countOf(previous)
  const shared = shareMin === undefined || before === null ? 0 : Math.ceil(before * shareMin)
  const floor = Math.max(min, shared)
  const passed = count >= floor
  const reason = shared > min ? `${percent(shareMin ?? 0)} of the ${before} before` : `the minimum`
  return {
    passed,
    values: { count, floor, previous: before },
    message: passed
      ? `There are ${count}, at least ${floor} are expected.`
      : `There are only ${count}, at least ${floor} are expected: ${reason}.`,
  }
}

function countOf(values: unknown): number | null {
  if (typeof values !== 'object' || values === null) return null
  const count: unknown = Reflect.get(values, 'count')
  return typeof count === 'number' && Number.isFinite(count) ? count : null
}

export type Freshness = {
  newest: Date | null // null: there is nothing at all
  now: Date
  ageMsMax: number
}

/** Is the newest instant young enough? One in the future is. Nothing at all is not. */
export function freshness({ newest, now, ageMsMax }: Freshness): Verdict {
  requireCounts({ ageMsMax })
  if (newest === null || Number.isNaN(newest.getTime()))
    return {
      passed: false,
      values: { newest: null, age_ms: null, age_ms_max: ageMsMax },
      message: 'There is nothing whose age could be told.',
    }
  const ageMs = now.getTime() - newest.getTime()
  const passed = ageMs <= ageMsMax
  const age = `The newest is from ${newest.toISOString()}, ${duration(ageMs)} old`
  return {
    passed,
    values: { newest: newest.toISOString(), age_ms: ageMs, age_ms_max: ageMsMax },
    message: `${age}; ${passed ? 'up to' : 'no more than'} ${duration(ageMsMax)} is allowed.`,
  }
}

export type Duplicates = {
  counts: KeyCounts // of `countKeys`, or counted in the database
  max?: number // that many may be too many; default 0 when `shareMax` is not given either
  shareMax?: number // of all, 0 to 1; with `max` too, both must hold
}

/** Do keys occur more than once? Every one after the first of its kind counts. */
export function duplicates({ counts: { total, distinct }, max, shareMax }: Duplicates): Verdict {
  requireCounts({ total, distinct, max: max ?? 0, shareMax: shareMax ?? 0 })
  const count = Math.max(0, total - distinct)
  const byShare = shareMax === undefined ? Number.POSITIVE_INFINITY : Math.floor(total * shareMax)
  const bound = Math.min(max ?? (shareMax === undefined ? 0 : total), byShare)
  const passed = count <= bound
  return {
    passed,
    values: { total, distinct, duplicates: count, duplicates_max: bound },
    message: passed
      ? `${count} of ${total} are duplicates; up to ${bound} are allowed.`
      : `${count} of ${total} are duplicates; no more than ${bound} are allowed.`,
  }
}

/** What is no number would pass or fail silently, whatever was found. @throws {RangeError} */
function requireCounts(numbers: Record<string, number>): void {
  for (const [name, value] of Object.entries(numbers))
    if (!(Number.isFinite(value) && value >= 0))
      throw new RangeError(`${name} is ${value}, and must be a number from 0.`)
}

const percent = (share: number): string => `${Math.round(share * 1000) / 10} %`

const units = [
  ['days', 86_400_000],
  ['hours', 3_600_000],
  ['minutes', 60_000],
  ['seconds', 1_000],
] as const

/** For people: `36 hours`, `3 days`. */
function duration(ms: number): string {
  const [name, unitMs] = units.find(([, unit]) => ms >= 2 * unit) ?? ['ms', 1]
  return `${Math.round((ms / unitMs) * 10) / 10} ${name}`
}
