const firstMs = 50
const maxMs = 10_000
// One that lived this long has served. Its callers wait for the next, however often it was killed before.
const servedMs = 500
const afterServiceMaxMs = 500
// A process that lived this long was well: its next end counts as the first.
const healthyMs = 30_000

/** Waits between restarts of one process: at once, then doubling, with jitter. */
export class Backoff {
  #failures = 0
  readonly #random: () => number

  constructor(random: () => number = Math.random) {
    this.#random = random
  }

  /** @param livedMs how long the process that just ended had lived */
  nextMs(livedMs: number): number {
    this.#failures = livedMs > healthyMs ? 1 : this.#failures + 1
    if (this.#failures === 1) return 0
    const limitMs = livedMs > servedMs ? afterServiceMaxMs : maxMs
    const ceiling = Math.min(firstMs * 2 ** this.#failures, limitMs)
    // Between half and all: never at once again, and never in step with others.
    return Math.round(ceiling * (0.5 + this.#random() / 2))
  }

  get failures(): number {
    return this.#failures
  }
}
