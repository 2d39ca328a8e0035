import { type Column, type SQL, sql } from 'drizzle-orm'

/** One parameter, however many there are: each length would be a statement of its own. */
export const isOneOf = (column: Column | SQL, ids: readonly string[]): SQL =>
  sql`${column} = any(${`{${ids.join(',')}}`}::uuid[])`
