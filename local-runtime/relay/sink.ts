import type { ErrorEntry } from '../../functions/_shared/ports/redis.ts'
import { RecentEntries, type RecentEntry } from './recent-entries.ts'
import { RedisList, type RedisTarget } from './redis-list.ts'

// Long enough to gather a burst into one command, short enough for whoever looks for an error just made.
const gatherMs = 10
const retryMs = 500

/** Keeps the newest 200 entries in memory and, whenever Redis answers, in Redis. Adding never waits. */
export class Sink {
  readonly #recent = new RecentEntries()
  readonly #list: RedisList | null
  #timer: NodeJS.Timeout | null = null
  #isWriting = false
  #mustMerge = true
  #isClosed = false

  /** @param target `null`: memory alone */
  constructor(target: RedisTarget | null) {
    this.#list =
      target === null
        ? null
        : new RedisList(target, () => {
            this.#mustMerge = true
            this.#schedule(0)
          })
  }

  /** Entries reach nobody but this process's memory at the moment. */
  get isDegraded(): boolean {
    return this.#list === null || !this.#list.isOpen || this.#mustMerge
  }

  add(entry: ErrorEntry): void {
    this.#recent.add(JSON.stringify(entry))
    this.#schedule(gatherMs)
  }

  /** Newest first. */
  entries(limit: number): RecentEntry[] {
    return this.#recent.list(limit)
  }

  /** Writes what is left, at most `waitMs`, and lets go of Redis. */
  async close(waitMs: number): Promise<void> {
    const deadline = Date.now() + waitMs
    while (this.#hasWork() && this.#list?.isOpen && Date.now() < deadline) {
      this.#schedule(0)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    this.#isClosed = true
    if (this.#timer) clearTimeout(this.#timer)
    this.#list?.close()
  }

  #hasWork = () => this.#isWriting || this.#mustMerge || this.#recent.unsent > 0

  #schedule(delayMs: number): void {
    if (this.#timer || this.#isWriting || this.#isClosed || !this.#list?.isOpen) return
    this.#timer = setTimeout(() => {
      this.#timer = null
      void this.#write()
    }, delayMs)
  }

  async #write(): Promise<void> {
    const list = this.#list
    if (!list?.isOpen || this.#isWriting) return
    this.#isWriting = true
    const mustMerge = this.#mustMerge
    try {
      if (mustMerge) await this.#merge(list)
      else if (this.#recent.unsent > 0) await list.push(this.#recent.takeUnsent())
      this.#mustMerge = false
    } catch {
      // Whether the command ran is unknown: the next connection compares before it writes.
      this.#mustMerge = true
      if (!this.#isClosed) list.reconnect()
    }
    this.#isWriting = false
    if (this.#mustMerge) this.#schedule(retryMs)
    else if (this.#recent.unsent > 0) this.#schedule(gatherMs)
  }

  async #merge(list: RedisList): Promise<void> {
    const sequence = this.#recent.lastSequence
    const ours = this.#recent.list(Number.POSITIVE_INFINITY).reverse()
    this.#recent.adopt(await list.merge(ours), sequence)
  }
}
