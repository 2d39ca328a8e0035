import type { ErrorEntry } from '../_shared/ports/redis.ts'

export type EntryFilter = {
  [K in 'level' | 'source' | 'function' | 'request_id']?: string | undefined
}

const filterNames = ['level', 'source', 'function', 'request_id'] as const

/** The entries that have every value that the filter names, in their order. */
export const matchingEntries = (entries: readonly ErrorEntry[], filter: EntryFilter) =>
  entries.filter((entry) =>
    filterNames.every((name) => filter[name] === undefined || entry[name] === filter[name]),
  )
