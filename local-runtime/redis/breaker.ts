const lateInARowMax = 2
const skipMs = 1_000
// A timer may ring a little early.
const timerSlackMs = 10

export type CircuitBreakerOptions = {
  /** Longest wait for one command. A failure that took as long is a Redis that does not answer. */
  commandTimeoutMs: number
  now?: () => number
}

/**
 * Spares requests the wait for a Redis that stands still: after two commands in a row without an answer it is
 * skipped for a second, then one command tries again, while all others do without. A Redis that is gone is not
 * skipped: commands to it fail at once by themselves.
 */
export class CircuitBreaker {
  readonly #commandTimeoutMs: number
  readonly #now: () => number
  #lateInARow = 0
  #nextTryAt = 0

  constructor({ commandTimeoutMs, now = () => performance.now() }: CircuitBreakerOptions) {
    this.#commandTimeoutMs = commandTimeoutMs
    this.#now = now
  }

  /** @throws {Error} what the command failed with; at once while Redis is skipped */
  async run<T>(command: () => Promise<T>): Promise<T> {
    const startedAt = this.#now()
    if (this.#lateInARow >= lateInARowMax) {
      if (startedAt < this.#nextTryAt) throw new Error('Redis does not answer and is skipped')
      this.#nextTryAt = startedAt + skipMs
    }
    try {
      const result = await command()
      this.reset()
      return result
    } catch (err) {
      if (this.#now() - startedAt >= this.#commandTimeoutMs - timerSlackMs) this.#noteLate()
      throw err
    }
  }

  /** A new connection: nothing is known against it. */
  reset(): void {
    this.#lateInARow = 0
  }

  #noteLate(): void {
    this.#lateInARow += 1
    this.#nextTryAt = this.#now() + skipMs
  }
}
