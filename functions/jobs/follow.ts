import type { RunEventRow } from '../../domain/jobs/events.ts'

export const firstId = '00000000-0000-0000-0000-000000000000'
// An event's id is made before its transaction commits, so one with an earlier id may appear after a later one.
// Attempts write in short transactions; what appears later than this is left out.
const overlapMs = 5_000

/** Picks the events that have not been sent yet out of reads that overlap. */
export class EventFollower {
  readonly #floor: string
  #newest: string
  /** Ids that the next read may bring again. */
  readonly #sent = new Set<string>()

  /** @param after the last event that the reader has, or {@link firstId} */
  constructor(after: string) {
    this.#floor = after
    this.#newest = after
  }

  /** Where the next read begins. */
  get from(): string {
    const from = shifted(this.#newest, -overlapMs)
    return from > this.#floor ? from : this.#floor
  }

  take(rows: readonly RunEventRow[]): RunEventRow[] {
    const fresh = rows.filter((row) => !this.#sent.has(row.id))
    for (const { id } of fresh) {
      this.#sent.add(id)
      if (id > this.#newest) this.#newest = id
    }
    const { from } = this
    for (const id of this.#sent) if (id <= from) this.#sent.delete(id)
    return fresh
  }
}

/** The smallest id of a UUIDv7 made `ms` after (or before) the time of `id`. */
function shifted(id: string, ms: number): string {
  const atMs = Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16) + ms
  if (atMs <= 0) return firstId
  const hex = atMs.toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`
}
