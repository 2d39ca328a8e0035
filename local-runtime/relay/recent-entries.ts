/** The Redis list of warnings and errors; other programs know it by this name. */
export const errorListKey = 'logs:errors'
export const entriesMax = 200

/** One entry as JSON, and its place in the order of this relay: 1, 2, 3 ...; 0 when it came from Redis. */
export type RecentEntry = { sequence: number; json: string }

/** The newest 200 entries, oldest first, and how many of the newest Redis does not hold yet. */
export class RecentEntries {
  #entries: RecentEntry[] = []
  #unsent = 0
  lastSequence = 0

  get unsent(): number {
    return this.#unsent
  }

  add(json: string): void {
    this.lastSequence += 1
    this.#entries.push({ sequence: this.lastSequence, json })
    if (this.#entries.length > entriesMax) this.#entries.shift()
    this.#unsent = Math.min(this.#unsent + 1, entriesMax)
  }

  /** The newest `limit`, newest first. */
  list(limit: number): RecentEntry[] {
    return limit === 0 ? [] : this.#entries.slice(-limit).reverse()
  }

  /** The entries that Redis lacks, oldest first. They count as sent from now on. */
  takeUnsent(): string[] {
    const taken = this.#unsent === 0 ? [] : this.#entries.slice(-this.#unsent)
    this.#unsent = 0
    return taken.map(({ json }) => json)
  }

  /**
   * Adopts what Redis now holds.
   * @param merged oldest first: Redis' entries joined with those up to `sequence`
   */
  adopt(merged: readonly RecentEntry[], sequence: number): void {
    const newer = this.#entries.filter((entry) => entry.sequence > sequence)
    this.#entries = [...merged, ...newer].slice(-entriesMax)
    this.#unsent = newer.length
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
  return [...foreign.map((json) => ({ sequence: 0, json })), ...ours]
    .map((entry) => ({ entry, time: timeIn(entry.json) }))
    .sort((a, b) => a.time - b.time)
    .map(({ entry }) => entry)
    .slice(-entriesMax)
}

/** What is no entry of ours counts as older than everything. */
function timeIn(json: string): number {
  const time = /"time":"([^"]{10,40})"/.exec(json)?.[1]
  const ms = time === undefined ? Number.NaN : Date.parse(time)
  return Number.isNaN(ms) ? 0 : ms
}
