import { type SQL, sql } from 'drizzle-orm'
import type { Source } from './blocks.ts'
import type { Filter } from './filters.ts'
import { boundOf } from './newest.ts'

// An id is made some moments before or after the time that is written beside it: a request waits, a clock is set.
const apartMsMax = 24 * 60 * 60 * 1000
const idMsMax = 2 ** 48 - 1

type Made = Pick<Source, 'id' | 'rows'> & { at: SQL }

/**
 * SQL: made from the one time on and before the other. Ids of version 7 begin with their time, so that they bound the part
 * of an index that can have such rows: without that, all that match were read for a filter that few of them pass.
 */
export function isMadeWithin(filter: Filter, { at, ...made }: Made): SQL {
  const { from, to } = filter
  const { first, last } = idsMadeWithin(filter)
  return sql.join([
    from && first
      ? sql` and ${at} >= ${from.toISOString()}::timestamptz and ${boundOf(made, sql`>=`, first)}`
      : sql``,
    to && last
      ? sql` and ${at} < ${to.toISOString()}::timestamptz and ${boundOf(made, sql`<=`, last)}`
      : sql``,
  ])
}

/** Between these ids is all that was made within the times; `null`: there is no such bound. */
export const idsMadeWithin = ({ from, to }: Filter) => ({
  first: from === undefined ? null : firstIdAt(from.getTime() - apartMsMax),
  last: to === undefined ? null : firstIdAt(to.getTime() + apartMsMax),
})

function firstIdAt(ms: number): string {
  const hex = Math.min(Math.max(ms, 0), idMsMax).toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`
}
