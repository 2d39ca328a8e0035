import { execFile } from 'node:child_process'
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import postgres from 'postgres'
import { expect, test } from 'vitest'
import { createTestDatabase, onFileEnd } from '../test/harness/database.ts'
import { migrationsFolder } from './journal.ts'
import { migrate, migrationStatus } from './migrate.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const program = join(root, 'node_modules/drizzle-kit/bin.cjs')
const log = () => {}

const drizzleKit = (args: string[], databaseUrl = '') =>
  promisify(execFile)(process.execPath, [program, ...args], {
    cwd: root,
    env: { ...process.env, DATABASE_URL: databaseUrl },
  })

async function emptyDatabase(): Promise<string> {
  const { url } = await createTestDatabase({ empty: true })
  return url
}

test('drizzle-kit generate finds nothing to add: migrations and schema say the same', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'octavo-generate-'))
  onFileEnd(() => rm(folder, { recursive: true }))
  await cp(migrationsFolder, folder, { recursive: true })
  const before = await readdir(folder)
  const { stdout } = await drizzleKit([
    ...['generate', '--dialect', 'postgresql', '--schema', './db/schema/index.ts'],
    ...['--out', relative(root, folder)],
  ])
  expect(stdout).toContain('No schema changes')
  expect(await readdir(folder)).toEqual(before)
})

test('drizzle-kit migrate works on a fresh database, and our runner goes on from there', async () => {
  const url = await emptyDatabase()
  await drizzleKit(['migrate'], url)
  expect((await migrationStatus({ url })).every(({ applied }) => applied)).toBe(true)
  expect(await migrate({ url, log })).toEqual([])
})

test('drizzle-kit migrate finds nothing to do after our runner', async () => {
  const url = await emptyDatabase()
  const applied = await migrate({ url, log })
  await drizzleKit(['migrate'], url)
  const sql = postgres(url, { max: 1, fetch_types: false })
  onFileEnd(() => sql.end())
  expect(await sql`select hash from drizzle.__drizzle_migrations`).toHaveLength(applied.length)
})
