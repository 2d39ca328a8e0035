import type { ErrorEntry } from '../../functions/_shared/ports/redis.ts'
import { errorLevel, type RelayLine, warnLevel } from './line.ts'
import { scrub } from './scrub.ts'

export const entryBytesMax = 4_096
const messageCharactersMax = 3_000
const pathCharactersMax = 512
const wordCharactersMax = 128

export type EntryLevel = ErrorEntry['level']

/**
 * Every failed request counts, an ordinary 404 or 401 too: a wrong client and a probing one look the same, and
 * the groups keep exact counts of what a flood of them pushes out of the list.
 * @returns `null` below 400
 */
export function levelOfStatus(status: number | null): EntryLevel | null {
  if (status === null || status < 400) return null
  return status >= 500 ? 'error' : 'warn'
}

/** @returns the entry of a process's line; `null` when it is neither a warning nor a failed request */
export function entryOfLine(line: RelayLine): ErrorEntry | null {
  const status = line.status ?? null
  const own = line.level >= errorLevel ? 'error' : line.level >= warnLevel ? 'warn' : null
  const byStatus = levelOfStatus(status)
  const level = byStatus === 'error' ? 'error' : (own ?? byStatus)
  if (level === null) return null
  return fitted({
    time: timeOf(line.time),
    level,
    source: line.source,
    function: line.function ?? null,
    request_id: line.request_id ?? null,
    method: line.method ?? null,
    path: line.path ?? null,
    status,
    code: line.code ?? null,
    message: withCause(line),
  })
}

function withCause({ msg, err }: RelayLine): string {
  if (!err) return msg
  const marks = [err.code, err.constraint].filter(Boolean).join(' ')
  const cause = [err.name, marks, err.message].filter(Boolean).join(': ')
  return cause === '' ? msg : `${msg} (${cause})`
}

/** RFC 3339 in UTC with milliseconds; a time that no date can hold becomes now. */
export function timeOf(ms: number): string {
  const date = new Date(ms)
  return (Number.isNaN(date.getTime()) ? new Date() : date).toISOString()
}

/** Scrubs every text of an entry and cuts it to {@link entryBytesMax} bytes of JSON. */
export function fitted(entry: ErrorEntry): ErrorEntry {
  const word = (text: string | null) => (text === null ? null : cleaned(text, wordCharactersMax))
  const short: ErrorEntry = {
    ...entry,
    function: word(entry.function),
    request_id: word(entry.request_id),
    method: word(entry.method),
    code: word(entry.code),
    path: entry.path === null ? null : cleaned(withoutQuery(entry.path), pathCharactersMax),
    message: cleaned(entry.message, messageCharactersMax),
  }
  return withinBytes(short)
}

export const withoutQuery = (path: string): string => path.split(/[?#]/, 1)[0] ?? ''

// Cut before scrubbing too: a pattern then never sees more than 8,000 characters.
const cleaned = (text: string, charactersMax: number): string =>
  scrub(text.slice(0, 8_000)).slice(0, charactersMax).toWellFormed()

function withinBytes(entry: ErrorEntry): ErrorEntry {
  let { path, message } = entry
  // JSON writes a control character with six bytes, so characters say little about bytes: halve until it fits.
  while (Buffer.byteLength(JSON.stringify({ ...entry, path, message })) > entryBytesMax) {
    if (message.length >= (path?.length ?? 0)) message = message.slice(0, message.length >> 1)
    else path = path?.slice(0, path.length >> 1) ?? null
  }
  return { ...entry, path, message: message.toWellFormed() }
}
