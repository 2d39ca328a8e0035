import { stripVTControlCharacters, styleText } from 'node:util'
import type { ErrorEntry } from '../../functions/_shared/ports/redis.ts'

const rememberedMax = 2_000

/** What one look at the relay gives, newest first; `null` when it does not answer. */
export type Look = { entries: ErrorEntry[]; degraded: boolean } | null

type Printing = {
  print: (line: string) => void
  /** What is no entry: that the relay or Redis is away. */
  remark: (line: string) => void
  colour: boolean
}

/** Prints each entry once, in the order of time, however often the relay shows it; also across its restarts. */
export class LogPrinter {
  readonly #printing: Printing
  #printed = new Set<string>()
  #state: 'away' | 'degraded' | 'well' = 'well'

  constructor(printing: Printing) {
    this.#printing = printing
  }

  /** @param limit of the entries not printed yet, the newest so many are; the others count as printed */
  show(look: Look, limit = Number.POSITIVE_INFINITY): void {
    this.#tellState(look === null ? 'away' : look.degraded ? 'degraded' : 'well')
    const entries = (look?.entries ?? []).map((entry) => ({ entry, json: JSON.stringify(entry) }))
    const fresh = entries.filter(({ json }) => !this.#printed.has(json))
    for (const { json } of fresh) this.#printed.add(json)
    for (const { entry } of inTime(fresh).slice(-limit))
      this.#printing.print(entryLine(entry, this.#printing.colour))
    if (this.#printed.size > rememberedMax) this.#printed = new Set(entries.map(({ json }) => json))
  }

  #tellState(state: 'away' | 'degraded' | 'well'): void {
    if (state === this.#state) return
    this.#state = state
    this.#printing.remark(remarks[state])
  }
}

/** Entries come in the order of their arrival, the newest first; a busy process tells later what came earlier. */
const inTime = <T extends { entry: ErrorEntry }>(newestFirst: T[]): T[] =>
  newestFirst.toReversed().sort((a, b) => Date.parse(a.entry.time) - Date.parse(b.entry.time))

const remarks = {
  away: 'The relay does not answer; waiting for it.',
  degraded: 'Redis is away; these entries are from the memory of the relay.',
  well: 'The relay and Redis answer again.',
}

export const levelStyle = { warn: 'yellow', error: 'red' } as const

/** "2026-11-20T08:00:00.000Z ERROR documents POST /v1/documents 503 unavailable: ... [request id]" */
export function entryLine(entry: ErrorEntry, colour: boolean): string {
  const { time, level, source, method, path, status, code, message, request_id: id } = entry
  const paint = (style: Parameters<typeof styleText>[0], text: string) =>
    colour ? styleText(style, text, { validateStream: false }) : text
  const request = method === null ? null : printable([method, path, status].join(' '))
  const words = [
    paint('dim', printable(time)),
    paint(levelStyle[level], level.toUpperCase().padEnd(5)),
    paint('bold', printable(entry.function ?? source)),
    request,
    code === null ? null : `${printable(code)}:`,
    printable(message),
    id === null ? null : paint('dim', `[${printable(id)}]`),
  ]
  return words.filter((word) => word !== null && word !== '').join(' ')
}

/** Callers write parts of an entry: no escape sequence, line break or change of direction reaches the terminal. */
export const printable = (text: string): string =>
  stripVTControlCharacters(text).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
