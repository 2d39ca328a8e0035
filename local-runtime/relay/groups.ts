import type { ErrorEntry, ErrorGroup } from '../../functions/_shared/ports/redis.ts'
import type { EntryLevel } from './entry.ts'

// Callers can cause warnings of many shapes, errors hardly: each level has room of its own.
const groupsMax: Record<EntryLevel, number> = { warn: 300, error: 200 }

/** Counts that no flood can push out: a new shape never replaces a known one, it is counted under `other`. */
export class Groups {
  readonly #groups = new Map<string, ErrorGroup>()
  readonly #sizes: Record<EntryLevel, number> = { warn: 0, error: 0 }

  add(entry: ErrorEntry): void {
    const shape = messageShape(entry.message)
    const { level, source, code, status } = entry
    const key = JSON.stringify([level, source, entry.function, code ?? status, shape])
    const known = this.#groups.get(key)
    if (known) count(known, entry)
    else if (this.#sizes[level] < groupsMax[level]) {
      this.#sizes[level] += 1
      this.#groups.set(key, newGroup(entry, shape))
    } else this.#addOther(entry)
  }

  #addOther(entry: ErrorEntry): void {
    const key = `other ${entry.level}`
    const other = this.#groups.get(key)
    const anyone = {
      ...entry,
      source: 'relay' as const,
      function: null,
      code: 'other',
      status: null,
    }
    if (other) count(other, entry)
    else this.#groups.set(key, newGroup(anyone, 'other messages'))
  }

  /** All of them, most frequent first. */
  list(): ErrorGroup[] {
    return [...this.#groups.values()].sort((a, b) => b.count - a.count)
  }
}

function newGroup(entry: ErrorEntry, message: string): ErrorGroup {
  const { level, source, code, status, time, request_id } = entry
  return {
    level,
    source,
    function: entry.function,
    code,
    status,
    message,
    count: 1,
    first_time: time,
    last_time: time,
    last_request_id: request_id,
  }
}

function count(group: ErrorGroup, entry: ErrorEntry): void {
  group.count += 1
  group.last_time = entry.time
  group.last_request_id = entry.request_id
}

/** What messages of one kind have in common. */
export const messageShape = (message: string): string =>
  message
    .slice(0, 300)
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi, '#')
    .replace(/(["'`])[^"'`]{0,200}\1/g, '#')
    .replace(/\b(?=[0-9a-f]{0,63}\d)[0-9a-f]{8,64}\b/gi, '#')
    .replace(/\d+(?:\.\d+)?/g, '#')
