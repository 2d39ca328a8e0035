import { sql } from 'drizzle-orm'
import type { Db } from '../../db/client.ts'

/** Shortened to the number: distributions add their own name and build. */
export async function readPostgresVersion(db: Db): Promise<string> {
  const [row] = await db.execute<{ version: string }>(
    sql`select split_part(current_setting('server_version'), ' ', 1) as version`,
  )
  return row?.version ?? 'unknown'
}

/**
 * When the newest applied migration was generated, in milliseconds since 1970; 0 when there is none.
 * @throws `undefined_table` on a database that was never migrated
 */
export async function readNewestAppliedMs(db: Db): Promise<number> {
  const [row] = await db.execute<{ newest: string | null }>(
    sql`select max(created_at)::text as newest from drizzle.__drizzle_migrations`,
  )
  return Number(row?.newest ?? 0)
}
