import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { migrationsFolder, pendingMigrations, readMigrations } from './journal.ts'
import { migrationError } from './migration-error.ts'
import { asOnlyMigrator, type MigrationOptions, readApplied } from './migration-session.ts'

type RollbackOptions = MigrationOptions & {
  /** The migration that the caller means; refused when another one is the newest. */
  name?: string
}

/**
 * Takes the newest applied migration back, by its hand-written `drizzle/down/<name>.sql`: what it made is dropped with
 * all its data. To be followed by starting the code of before that migration.
 * @returns the name of the migration taken back, or `null` when none is applied
 * @throws {Error} the migration has no such file, the database does not fit, or the file failed and nothing changed
 */
export async function rollbackMigration(options: RollbackOptions): Promise<string | null> {
  const migrations = await readMigrations(options.folder)
  return asOnlyMigrator(options, async (sql) => {
    const applied = await readApplied(sql)
    const pending = pendingMigrations(migrations, applied)
    const newest = migrations[migrations.length - pending.length - 1]
    if (!newest) return null
    if (options.name !== undefined && options.name !== newest.name)
      throw new Error(`the newest applied migration is ${newest.name}, not ${options.name}`)
    const statement = await readDown(options.folder ?? migrationsFolder, newest.name)
    await sql.begin(async (tx) => {
      await tx.unsafe(statement).catch((err: unknown) => {
        throw migrationError({ name: `down/${newest.name}`, index: 0, count: 1, statement }, err)
      })
      await tx`delete from drizzle.__drizzle_migrations where created_at = ${newest.createdAtMs}`
    })
    options.log(`${newest.name} taken back`)
    return newest.name
  })
}

async function readDown(folder: string, name: string): Promise<string> {
  const path = join(folder, 'down', `${name}.sql`)
  try {
    return await readFile(path, 'utf8')
  } catch (err) {
    throw new Error(
      `migration ${name} cannot be taken back: there is no drizzle/down/${name}.sql`,
      {
        cause: err,
      },
    )
  }
}
