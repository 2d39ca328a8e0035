import { drizzle } from 'drizzle-orm/postgres-js'
import postgres, { type Sql } from 'postgres'
import { openSession } from './driver.ts'
import {
  type AppliedMigration,
  type Migration,
  pendingMigrations,
  readMigrations,
} from './journal.ts'
import { ensurePartitions } from './partitions.ts'
import * as schema from './schema/index.ts'

type Connection = { url: string; password?: string; passwordFile?: string }
type MigrateOptions = Connection & {
  log: (line: string) => void
  /** Where the migrations lie; `drizzle/` beside this folder when left out (a bundle must say it). */
  folder?: string
}

/** One number for all of Octavo: whoever holds it may change the schema. */
const lockKey = 0x0c7a_0001
const lockWaitMs = 120_000
const lockRetryMs = 250

/**
 * Brings a database to the newest migration. Safe to call from any number of hosts at once.
 * @returns the names of the migrations that this call applied
 * @throws {Error} the database does not fit the migrations (see `pendingMigrations`), or a statement failed; its
 *   message then holds the migration, the statement, SQLSTATE, position and hint
 */
export async function migrate(options: MigrateOptions): Promise<string[]> {
  const migrations = await readMigrations(options.folder)
  const sql = openSession(options, 'octavo-migrate')
  try {
    await lock(sql, options.log)
    await prepareTable(sql)
    const pending = pendingMigrations(migrations, await readApplied(sql))
    for (const migration of pending) await apply(sql, migration, options.log)
    await ensurePartitions(drizzle(sql, { schema }), new Date())
    return pending.map((migration) => migration.name)
  } finally {
    // Ends the session, and with it the lock.
    await sql.end({ timeout: 5 })
  }
}

/** Which migrations there are, and which of them the database has. Changes nothing. */
export async function migrationStatus(
  options: Connection & { folder?: string },
): Promise<{ name: string; createdAt: Date; applied: boolean }[]> {
  const migrations = await readMigrations(options.folder)
  const sql = openSession(options, 'octavo-migrate')
  try {
    const pending = new Set(pendingMigrations(migrations, await readApplied(sql)))
    return migrations.map((migration) => ({
      name: migration.name,
      createdAt: new Date(migration.createdAtMs),
      applied: !pending.has(migration),
    }))
  } finally {
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

// Exactly what drizzle-kit would make, so that either may come first.
async function prepareTable(sql: Sql): Promise<void> {
  await sql.unsafe('create schema if not exists "drizzle"')
  await sql.unsafe(`create table if not exists "drizzle"."__drizzle_migrations" (
    id serial primary key, hash text not null, created_at bigint)`)
}

async function readApplied(sql: Sql): Promise<AppliedMigration[]> {
  const [table] = await sql`select to_regclass('drizzle.__drizzle_migrations') as name`
  if (!table?.name) return []
  const rows = await sql`
    select hash, created_at from drizzle.__drizzle_migrations order by created_at, id`
  return rows.map((row) => ({ hash: String(row.hash), createdAtMs: Number(row.created_at) }))
}

async function apply(sql: Sql, migration: Migration, log: (line: string) => void): Promise<void> {
  const startedAt = performance.now()
  await sql.begin(async (tx) => {
    for (const [index, statement] of migration.statements.entries()) {
      await tx.unsafe(statement).catch((err: unknown) => {
        throw statementError(migration, { index, statement }, err)
      })
    }
    await tx`insert into drizzle.__drizzle_migrations (hash, created_at)
      values (${migration.hash}, ${migration.createdAtMs})`
  })
  log(`${migration.name} applied in ${Math.round(performance.now() - startedAt)} ms`)
}

/** All that Postgres said. A migration holds no personal values, so its text may be shown. */
function statementError(
  migration: Migration,
  { index, statement }: { index: number; statement: string },
  err: unknown,
): Error {
  if (!(err instanceof postgres.PostgresError))
    return new Error(`migration ${migration.name}, statement ${index + 1}: ${String(err)}`, {
      cause: err,
    })
  const { code, message, detail, hint, where, position } = err
  const line = position ? statement.slice(0, Number(position)).split('\n').length : undefined
  const facts = {
    SQLSTATE: code,
    detail,
    hint,
    where,
    position: position && `${position} (line ${line} of the statement)`,
  }
  const lines = Object.entries(facts).flatMap(([name, value]) =>
    value ? [`  ${name}: ${value}`] : [],
  )
  return new Error(
    [
      `migration ${migration.name} failed at statement ${index + 1} of ${migration.statements.length}; nothing of it was kept`,
      `  ${message}`,
      ...lines,
      '  statement:',
      ...statement
        .trim()
        .split('\n')
        .map((text) => `    ${text}`),
    ].join('\n'),
    { cause: err },
  )
}
