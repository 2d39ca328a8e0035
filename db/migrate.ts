import { drizzle } from 'drizzle-orm/postgres-js'
import type { Sql } from 'postgres'
import { openSession } from './driver.ts'
import { ensureHotPages } from './hot-tables.ts'
import { type Migration, pendingMigrations, readMigrations } from './journal.ts'
import { migrationError } from './migration-error.ts'
import { asOnlyMigrator, type MigrationOptions, readApplied } from './migration-session.ts'
import { ensurePartitions } from './partitions.ts'
import * as schema from './schema/index.ts'

/**
 * Brings a database to the newest migration. Safe to call from any number of hosts at once.
 * @returns the names of the migrations that this call applied
 * @throws {Error} the database does not fit the migrations (see `pendingMigrations`), or a statement failed; its
 *   message then holds the migration, the statement, SQLSTATE, position and hint
 */
export async function migrate(options: MigrationOptions): Promise<string[]> {
  const migrations = await readMigrations(options.folder)
  return asOnlyMigrator(options, async (sql) => {
    await prepareTable(sql)
    const pending = pendingMigrations(migrations, await readApplied(sql))
    for (const migration of pending) await apply(sql, migration, options.log)
    const db = drizzle(sql, { schema })
    await ensurePartitions(db, new Date())
    await ensureHotPages(db)
    return pending.map((migration) => migration.name)
  })
}

export type MigrationState = { name: string; createdAt: Date; applied: boolean }

/**
 * Which migrations there are, and which of them the database has. Changes nothing.
 * @throws {Error} the database does not fit the migrations
 */
export async function migrationStatus(
  options: Omit<MigrationOptions, 'log'>,
): Promise<MigrationState[]> {
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

// Exactly what drizzle-kit would make, so that either may come first.
async function prepareTable(sql: Sql): Promise<void> {
  await sql.unsafe('create schema if not exists "drizzle"')
  await sql.unsafe(`create table if not exists "drizzle"."__drizzle_migrations" (
    id serial primary key, hash text not null, created_at bigint)`)
}

async function apply(sql: Sql, migration: Migration, log: (line: string) => void): Promise<void> {
  const { name, statements } = migration
  const startedAt = performance.now()
  await sql.begin(async (tx) => {
    for (const [index, statement] of statements.entries()) {
      await tx.unsafe(statement).catch((err: unknown) => {
        throw migrationError({ name, index, count: statements.length, statement }, err)
      })
    }
    await tx`insert into drizzle.__drizzle_migrations (hash, created_at)
      values (${migration.hash}, ${migration.createdAtMs})`
  })
  log(`${name} applied in ${Math.round(performance.now() - startedAt)} ms`)
}
