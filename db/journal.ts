import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as z from 'zod'

export type Migration = { name: string; createdAtMs: number; hash: string; statements: string[] }
export type AppliedMigration = { hash: string; createdAtMs: number }

const Journal = z.object({
  entries: z.array(z.object({ idx: z.int(), when: z.int(), tag: z.string() })),
})

/** Where our migrations lie, seen from the sources; a bundle must name the folder itself. */
export const migrationsFolder = fileURLToPath(new URL('../drizzle', import.meta.url))

/**
 * Reads drizzle-kit's journal and files, in their order.
 * @throws {Error} times do not increase: drizzle-kit would silently skip the later file
 */
export async function readMigrations(folder: string = migrationsFolder): Promise<Migration[]> {
  const text = await readFile(join(folder, 'meta', '_journal.json'), 'utf8')
  const { entries } = Journal.parse(JSON.parse(text))
  const migrations = await Promise.all(
    entries.map(async ({ tag, when }) => {
      const content = await readFile(join(folder, `${tag}.sql`), 'utf8')
      return {
        name: tag,
        createdAtMs: when,
        hash: createHash('sha256').update(content).digest('hex'),
        statements: content.split('--> statement-breakpoint'),
      }
    }),
  )
  refuseUnordered(migrations)
  return migrations
}

function refuseUnordered(migrations: Migration[]): void {
  for (const [index, { name, createdAtMs }] of migrations.entries()) {
    const earlier = migrations[index - 1]
    if (!earlier || earlier.createdAtMs < createdAtMs) continue
    throw new Error(
      `migration ${name} is dated before ${earlier.name}: drizzle-kit would skip it. ` +
        'Delete it, then generate it again with drizzle-kit generate.',
    )
  }
}

/**
 * The gate: what the database has must be the beginning of what the code has, byte for byte.
 * @throws {Error} the database is newer than the code, lacks an earlier migration, or an applied file was edited
 */
export function pendingMigrations(
  migrations: Migration[],
  applied: AppliedMigration[],
): Migration[] {
  const newest = migrations.at(-1)?.createdAtMs ?? 0
  for (const [index, { hash, createdAtMs }] of applied.entries()) {
    const expected = migrations[index]
    if (expected && expected.createdAtMs === createdAtMs && expected.hash === hash) continue
    throw new Error(refusal({ hash, createdAtMs }, expected, newest))
  }
  return migrations.slice(applied.length)
}

function refusal(
  { hash, createdAtMs }: AppliedMigration,
  expected: Migration | undefined,
  newest: number,
): string {
  const at = new Date(createdAtMs).toISOString()
  if (createdAtMs > newest)
    return `the database is newer than this code: it has a migration of ${at}. Start the newer Octavo, or take the migration back with it: octavo db rollback (docs/migrations.md).`
  if (expected?.createdAtMs === createdAtMs)
    return `migration ${expected.name} was edited after it was applied (${hash.slice(0, 12)} in the database, ${expected.hash.slice(0, 12)} on disk). Restore the file and write a new migration.`
  return `the database has a migration of ${at} where this code has ${expected ? `${expected.name} of ${new Date(expected.createdAtMs).toISOString()}` : 'none'}: the two do not belong together.`
}
