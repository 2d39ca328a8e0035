import type { Sql } from 'postgres'
import { openSession } from './driver.ts'
import type { AppliedMigration } from './journal.ts'

export type MigrationOptions = {
  url: string
  password?: string
  passwordFile?: string
  log: (line: string) => void
  /** Where the migrations lie; `drizzle/` beside this folder when left out (a bundle must say it). */
  folder?: string
}

/** One number for all of Octavo: whoever holds it may change the schema. */
const lockKey = 0x0c7a_0001
const lockWaitMs = 120_000
const lockRetryMs = 250

/**
 * Runs `work` on a session of its own, as the only one who may change the schema.
 * @throws {Error} another host has held the lock for two minutes
 */
export async function asOnlyMigrator<T>(
  options: MigrationOptions,
  work: (sql: Sql) => Promise<T>,
): Promise<T> {
  const sql = openSession(options, 'octavo-migrate')
  try {
    // A killed migrator's lock ends with its session: the server must notice within a second.
    await sql.unsafe(`set client_connection_check_interval = '1s'`)
    // A statement that waits for a table's lock makes everybody behind it wait: rather fail, and be run again.
    await sql.unsafe(`set lock_timeout = '15s'`)
    await lock(sql, options.log)
    return await work(sql)
  } finally {
    // Ends the session, and with it the lock.
    await sql.end({ timeout: 5 })
  }
}

async function lock(sql: Sql, log: (line: string) => void): Promise<void> {
  const deadline = performance.now() + lockWaitMs
  for (let told = false; ; told = true) {
    const [row] = await sql`select pg_try_advisory_lock(${lockKey}) as held`
    if (row?.held) return
    if (!told) log('another host is migrating this database; waiting for it')
    if (performance.now() > deadline)
      throw new Error(`another host has been migrating for more than ${lockWaitMs / 1000} s`)
    await new Promise((resolve) => setTimeout(resolve, lockRetryMs))
  }
}

/** What the database says was applied, oldest first; nothing when it was never migrated. */
export async function readApplied(sql: Sql): Promise<AppliedMigration[]> {
  const [table] = await sql`select to_regclass('drizzle.__drizzle_migrations') as name`
  if (!table?.name) return []
  const rows = await sql`
    select hash, created_at from drizzle.__drizzle_migrations order by created_at, id`
  return rows.map((row) => ({ hash: String(row.hash), createdAtMs: Number(row.created_at) }))
}
