import { type SQL, sql } from 'drizzle-orm'
import type { PgColumn } from 'drizzle-orm/pg-core'
import type { Tx } from '../../db/client.ts'

// More than these are not listed, but joined.
const listedIdsMax = 5_000

/** SQL: and the column has this value, if one is asked for. */
export const isAsked = (column: SQL | PgColumn, value: string | undefined): SQL =>
  value === undefined ? sql`` : sql` and ${column} = ${value}`

/** SQL: a column is one of the ids that a query gives, which stand in it themselves when they are few enough. */
export async function isListed(tx: Tx, column: SQL | PgColumn, ids: SQL): Promise<SQL> {
  const rows = await tx.execute<{ id: string }>(sql`${ids} limit ${listedIdsMax + 1}`)
  if (rows.length > listedIdsMax) return sql`${column} in (${ids})`
  return sql`${column} = any(${`{${rows.map(({ id }) => id).join()}}`}::uuid[])`
}
