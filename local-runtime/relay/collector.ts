import type { ErrorEntry } from '../../functions/_shared/ports/redis.ts'
import { entryOfAnswer, hasReachedFunction, parseCaddyLine } from './caddy-line.ts'
import { type Counters, lostLines, newCounters } from './counters.ts'
import { entryOfLine, fitted, levelOfStatus } from './entry.ts'
import { Groups } from './groups.ts'
import { parseRelayLine } from './line.ts'
import { RequestPairs } from './request-pairs.ts'

const reasonsMax = 1_000
const lossReportMs = 5_000

/** From lines to entries: parses, pairs, scrubs, counts. Knows neither sockets nor Redis. */
export class Collector {
  readonly counters: Counters = newCounters()
  readonly groups = new Groups()
  readonly #pairs = new RequestPairs((entry) => this.#keep(entry))
  readonly #reasons = new Map<string, string>() // of connections whose answer comes next
  readonly #onEntry: (entry: ErrorEntry) => void
  readonly #reporting: NodeJS.Timeout
  #lossesReported = 0

  constructor(onEntry: (entry: ErrorEntry) => void) {
    this.#onEntry = onEntry
    this.#reporting = setInterval(() => this.reportLosses(), lossReportMs).unref()
  }

  /** A line of Caddy's net writer. */
  takeCaddyLine(text: string): void {
    this.counters.received += 1
    const line = parseCaddyLine(text)
    if (!line) this.counters.lost.garbled += 1
    else if (line.kind === 'reason') this.#holdReason(line.connection, line.reason)
    else {
      const reason = this.#reasons.get(line.connection) ?? null
      this.#reasons.delete(line.connection)
      const entry = entryOfAnswer(line.answer, reason)
      if (!entry) this.counters.ignored += 1
      else if (hasReachedFunction(reason)) this.#pairs.caddyAnswered(entry)
      else this.#keep(entry)
      this.counters.merged = this.#pairs.merged
    }
  }

  /** A line of a function, the worker or the supervisor. */
  takeLine(text: string): void {
    this.counters.received += 1
    const line = parseRelayLine(text)
    const entry = line && entryOfLine(line)
    if (!line) this.counters.lost.garbled += 1
    else if (!entry) this.counters.ignored += 1
    else {
      this.#pairWithCaddy(entry)
      this.#keep(entry)
    }
  }

  #pairWithCaddy({ source, request_id, status }: ErrorEntry): void {
    if (source !== 'function' || request_id === null || levelOfStatus(status) === null) return
    this.#pairs.functionAnswered(request_id)
    this.counters.merged = this.#pairs.merged
  }

  loseOversized(): void {
    this.counters.lost.oversized += 1
  }

  /** @param lines what a process says that its full queue cost */
  loseUnsent(lines: number): void {
    if (Number.isSafeInteger(lines) && lines > 0) this.counters.lost.unsent += lines
  }

  /** Puts what was lost since the last report into the list itself. */
  reportLosses(): void {
    const lost = lostLines(this.counters) - this.#lossesReported
    if (lost <= 0) return
    this.#lossesReported += lost
    const { garbled, oversized, unsent } = this.counters.lost
    const message = `${lost} log lines were lost; since the start ${garbled} garbled, ${oversized} oversized, ${unsent} unsent`
    this.#keep(
      fitted({
        time: new Date().toISOString(),
        level: 'warn',
        source: 'relay',
        function: null,
        ...{
          request_id: null,
          method: null,
          path: null,
          status: null,
          code: 'lines_lost',
          message,
        },
      }),
    )
  }

  close(): void {
    clearInterval(this.#reporting)
    this.#pairs.close()
    this.reportLosses()
  }

  #keep(entry: ErrorEntry): void {
    this.counters.kept += 1
    this.groups.add(entry)
    this.#onEntry(entry)
  }

  #holdReason(connection: string, reason: string): void {
    this.#reasons.delete(connection)
    this.#reasons.set(connection, reason)
    const [oldest] = this.#reasons.keys()
    if (this.#reasons.size > reasonsMax && oldest !== undefined) this.#reasons.delete(oldest)
  }
}
