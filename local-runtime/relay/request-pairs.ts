import type { ErrorEntry } from '../../functions/_shared/ports/redis.ts'

const holdMs = 1_000
const heldMax = 1_000
const answeredMax = 10_000
// A caller may send the same request id again and again: a function's line stands for Caddy's line of that
// moment alone.
const answeredMs = 5_000

type Held = { entry: ErrorEntry; at: number }

/**
 * Makes one entry of one failed request. The function's own line says more than Caddy's line with the same
 * request id, so Caddy's waits for it up to a second; then, or when too many wait, it counts by itself.
 */
export class RequestPairs {
  readonly #held = new Map<string, Held[]>()
  readonly #answered = new Map<string, number[]>()
  readonly #release: (entry: ErrorEntry) => void
  readonly #now: () => number
  #heldCount = 0
  #timer: NodeJS.Timeout | null = null
  merged = 0

  constructor(release: (entry: ErrorEntry) => void, now: () => number = Date.now) {
    this.#release = release
    this.#now = now
  }

  get heldCount(): number {
    return this.#heldCount
  }

  /** A function's line ended this request. */
  functionAnswered(requestId: string): void {
    if (this.#takeHeld(requestId)) {
      this.merged += 1
      return
    }
    const times = this.#answered.get(requestId) ?? []
    this.#answered.delete(requestId)
    this.#answered.set(requestId, [...times.slice(-9), this.#now()])
    const [oldest] = this.#answered.keys()
    if (this.#answered.size > answeredMax && oldest !== undefined) this.#answered.delete(oldest)
  }

  /** Caddy's line of a failed request. */
  caddyAnswered(entry: ErrorEntry): void {
    const { request_id: requestId } = entry
    if (requestId === null) this.#release(entry)
    else if (this.#takeAnswered(requestId)) this.merged += 1
    else this.#hold(requestId, entry)
  }

  #hold(requestId: string, entry: ErrorEntry): void {
    this.#held.set(requestId, [...(this.#held.get(requestId) ?? []), { entry, at: this.#now() }])
    this.#heldCount += 1
    if (this.#heldCount > heldMax) this.#releaseOldest()
    this.#watch()
  }

  /** Lets go of everything that waited long enough. */
  releaseDue(): void {
    const due = this.#now() - holdMs
    for (const held of this.#held.values()) {
      if ((held[0]?.at ?? 0) > due) break
      this.#releaseOldest()
    }
  }

  /** Lets go of everything: the relay ends. */
  close(): void {
    if (this.#timer) clearTimeout(this.#timer)
    while (this.#heldCount > 0) this.#releaseOldest()
  }

  #watch(): void {
    if (this.#timer || this.#heldCount === 0) return
    this.#timer = setTimeout(() => {
      this.#timer = null
      this.releaseDue()
      this.#watch()
    }, holdMs / 4)
  }

  #takeHeld(requestId: string): boolean {
    const held = this.#held.get(requestId)
    if (!held) return false
    if (held.length > 1) this.#held.set(requestId, held.slice(1))
    else this.#held.delete(requestId)
    this.#heldCount -= 1
    return true
  }

  #takeAnswered(requestId: string): boolean {
    const oldest = this.#now() - answeredMs
    const times = (this.#answered.get(requestId) ?? []).filter((at) => at >= oldest)
    this.#answered.delete(requestId)
    if (times.length > 1) this.#answered.set(requestId, times.slice(1))
    return times.length > 0
  }

  #releaseOldest(): void {
    for (const [requestId, [oldest]] of this.#held) {
      this.#takeHeld(requestId)
      if (oldest) this.#release(oldest.entry)
      return
    }
  }
}
