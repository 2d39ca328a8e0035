import { sql } from 'drizzle-orm'
import type { Db, Tx } from './client.ts'

// Below it the server may have planned for an empty table, and the first look of its own comes up to a minute later.
const knownRowsMin = 1_000

/**
 * Has the server count tables that it takes for empty or has never counted, after many rows came at once. Until then
 * checks of foreign keys keep plans that were made on the empty table and may read all of a tenant's rows for each.
 */
export async function analyzeNew(db: Db | Tx, tables: readonly string[]): Promise<void> {
  const rows = await db.execute<{ name: string }>(sql`
    select c.relname as name from pg_class c
    where c.oid = any(${`{${tables.join(',')}}`}::regclass[]) and c.reltuples < ${knownRowsMin}`)
  for (const { name } of rows) await db.execute(sql.raw(`analyze (skip_locked) "${name}"`))
}
