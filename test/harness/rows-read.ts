import { sql } from 'drizzle-orm'
import type { Db } from '../../db/client.ts'

/** Rows of these tables that were read meanwhile, one after the other or through an index. Nobody else may be at work. */
export async function rowsRead(
  db: Db,
  tables: readonly string[],
  work: () => Promise<unknown>,
): Promise<number> {
  const before = await counted(db, tables)
  await work()
  return (await counted(db, tables)) - before
}

async function counted(db: Db, tables: readonly string[]): Promise<number> {
  await db.execute(sql`select pg_stat_force_next_flush()`)
  const [row] = await db.execute<{ count: number }>(sql`
    select sum(t.seq_tup_read + (select coalesce(sum(i.idx_tup_read), 0) from pg_stat_user_indexes i
      where i.relid = t.relid))::int as count
    from pg_stat_user_tables t where t.relname = any(${`{${tables.join(',')}}`}::text[])`)
  return row?.count ?? 0
}
