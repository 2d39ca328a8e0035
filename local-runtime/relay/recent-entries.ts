/** The Redis list of warnings and errors; other programs know it by this name. */
export const errorListKey = 'logs:errors'
export const entriesMax = 200

// Whatever is later than this, after the newest, stands where it came: a clock that was set back would otherwise
// put everything new below, and in a full list out of sight.
const lateMsMax = 5_000

/** One entry as JSON, and the order of its coming to this relay: 1, 2, 3 ...; 0 when it came from Redis. */
export type RecentEntry = { sequence: number; json: string; timeMs: number }

/** What Redis lacks. `late`: belongs below an entry that Redis holds by then; the newest first. */
export type UnsentEntries = { newest: string[]; late: { json: string; below: string }[] }

export const recentEntry = (sequence: number, json: string): RecentEntry => ({
  sequence,
  json,
  timeMs: timeIn(json),
})

/** The newest 200 entries, oldest first, and which of them Redis does not hold yet. */
export class RecentEntries {
  #entries: RecentEntry[] = []
  #sentSequence = 0
  lastSequence = 0

  get unsent(): number {
    return this.#entries.filter((entry) => this.#isUnsent(entry)).length
  }

  add(json: string): void {
    this.lastSequence += 1
    this.#place(recentEntry(this.lastSequence, json))
  }

  /** Puts an entry that comes late below those that are newer. */
  #place(entry: RecentEntry): void {
    const newestMs = this.#entries.at(-1)?.timeMs ?? 0
    const isLate = newestMs > entry.timeMs && newestMs - entry.timeMs <= lateMsMax
    const before = isLate ? this.#entries.findLastIndex((e) => e.timeMs <= entry.timeMs) + 1 : null
    this.#entries.splice(before ?? this.#entries.length, 0, entry)
    if (this.#entries.length > entriesMax) this.#entries.shift()
  }

  #isUnsent = ({ sequence }: RecentEntry): boolean => sequence > this.#sentSequence

  /** The newest `limit`, newest first. */
  list(limit: number): RecentEntry[] {
    return limit === 0 ? [] : this.#entries.slice(-limit).reverse()
  }

  /** What Redis lacks; `newest` goes in front, oldest first. It counts as sent from now on. */
  takeUnsent(): UnsentEntries {
    const lastSent = this.#entries.findLastIndex((entry) => !this.#isUnsent(entry))
    const newest = this.#entries.slice(lastSent + 1).map(({ json }) => json)
    const late: UnsentEntries['late'] = []
    for (let i = lastSent - 1; i >= 0; i -= 1) {
      const [entry, above] = this.#entries.slice(i, i + 2)
      if (entry && above && this.#isUnsent(entry))
        late.push({ json: entry.json, below: above.json })
    }
    this.#sentSequence = this.lastSequence
    return { newest, late }
  }

  /**
   * Adopts what Redis now holds.
   * @param merged oldest first: Redis' entries joined with those up to `sequence`
   */
  adopt(merged: readonly RecentEntry[], sequence: number): void {
    const newer = this.#entries.filter((entry) => entry.sequence > sequence)
    this.#entries = [...merged]
    this.#sentSequence = sequence
    for (const entry of newer.sort((a, b) => a.sequence - b.sequence)) this.#place(entry)
  }
}

/**
 * Joins two lists that partly hold the same entries; an entry that stands twice in one of them stays twice.
 * @param theirs from Redis, newest first
 * @param ours oldest first
 * @returns the newest 200, oldest first, by time
 */
export function mergeEntries(
  theirs: readonly string[],
  ours: readonly RecentEntry[],
): RecentEntry[] {
  const known = new Map<string, number>()
  for (const { json } of ours) known.set(json, (known.get(json) ?? 0) + 1)
  const foreign = theirs.toReversed().filter((json) => {
    const count = known.get(json) ?? 0
    known.set(json, count - 1)
    return count <= 0
  })
  return [...foreign.map((json) => recentEntry(0, json)), ...ours]
    .sort((a, b) => a.timeMs - b.timeMs)
    .slice(-entriesMax)
}

/** What is no entry of ours counts as older than everything. */
function timeIn(json: string): number {
  const time = /"time":"([^"]{10,40})"/.exec(json)?.[1]
  const ms = time === undefined ? Number.NaN : Date.parse(time)
  return Number.isNaN(ms) ? 0 : ms
}
