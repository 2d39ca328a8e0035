import { type SQL, sql } from 'drizzle-orm'
import type { Db } from './client.ts'

// Above this many pages no plan prefers to read all of a table that is believed to be empty.
const pagesMin = 64
const rows = sql`select gen_random_uuid(), gen_random_uuid()`

/** How a row of each table is made that nobody sees: it is deleted before it is committed. */
const fillers: Record<string, SQL> = {
  jobs: sql`insert into jobs (tenant_id, id, kind, status)
    ${rows}, 'octavo.filler', 'waiting' from generate_series(1, 3000) returning tenant_id`,
  job_dependencies: sql`insert into job_dependencies (tenant_id, job_id, depends_on_id, on_failure)
    ${rows}, gen_random_uuid(), 'run' from generate_series(1, 8000) returning tenant_id`,
  job_endings: sql`insert into job_endings (tenant_id, id, status)
    ${rows}, 'completed' from generate_series(1, 8000) returning tenant_id`,
}

/**
 * Gives the queue's tables some empty pages where they have none. A plan that the server keeps is made for the pages that
 * are there at that moment: on a table without any it reads the whole table, and goes on so when 20,000 jobs have come.
 * The migration keeps vacuum from giving the pages back. Idempotent; run at every migration.
 */
export async function ensureHotPages(db: Pick<Db, 'execute' | 'transaction'>): Promise<void> {
  for (const [table, filler] of Object.entries(fillers)) {
    if ((await pages(db, table)) >= pagesMin) continue
    await db.transaction(async (tx) => {
      await tx.execute(filler)
      await tx.execute(sql`/* system: empty-hot-pages */
        delete from ${sql.raw(table)} where xmin = pg_current_xact_id()::xid`)
    })
  }
}

/** Enough where there is no such table, as in a rehearsal of other migrations than ours. */
async function pages(db: Pick<Db, 'execute'>, table: string): Promise<number> {
  const [row] = await db.execute<{ pages: number | null }>(sql`
    select (pg_relation_size(to_regclass(${table})) / current_setting('block_size')::int)::int as pages`)
  return row?.pages ?? pagesMin
}
