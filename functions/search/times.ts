import { type SQL, sql } from 'drizzle-orm'
import type { Filter } from './filters.ts'

// An id is made some moments before or after the time that is written beside it: a request waits, a clock is set.
const apartMsMax = 24 * 60 * 60 * 1000
const idMsMax = 2 ** 48 - 1

/**
 * SQL: made from the one time on and before the other. Ids of version 7 begin with their time, so that they bound the part
 * of an index that can have such rows: without that, all that match were read for a filter that few of them pass.
 */
export function isMadeWithin({ from, to }: Filter, { id, at }: { id: SQL; at: SQL }): SQL {
  return sql.join([
    from === undefined
      ? sql``
      : sql` and ${at} >= ${from.toISOString()}::timestamptz and ${id} >= ${firstIdAt(from.getTime() - apartMsMax)}::uuid`,
    to === undefined
      ? sql``
      : sql` and ${at} < ${to.toISOString()}::timestamptz and ${id} < ${firstIdAt(to.getTime() + apartMsMax)}::uuid`,
  ])
}

function firstIdAt(ms: number): string {
  const hex = Math.min(Math.max(ms, 0), idMsMax).toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`
}
