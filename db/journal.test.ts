import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { onFileEnd } from '../test/harness/database.ts'
import { pendingMigrations, readMigrations } from './journal.ts'

const of = (name: string, createdAtMs: number, hash = name) => ({
  name,
  createdAtMs,
  hash,
  statements: [],
})
const migrations = [of('0000_a', 1_000), of('0001_b', 2_000), of('0002_c', 3_000)]

test('what follows the applied ones is pending, in order', () => {
  const names = (count: number) =>
    pendingMigrations(migrations, migrations.slice(0, count)).map(({ name }) => name)
  expect([0, 2, 3].map(names)).toEqual([['0000_a', '0001_b', '0002_c'], ['0002_c'], []])
})

test.each([
  [
    'a file that was edited after it was applied',
    [of('0000_a', 1_000, 'other')],
    /0000_a was edited/,
  ],
  [
    'a database that is newer than the code',
    [...migrations, of('0003_d', 4_000)],
    /newer than this code.*octavo db rollback/,
  ],
  [
    'a migration that was skipped',
    [of('0000_a', 1_000), of('0002_c', 3_000)],
    /do not belong together/,
  ],
  ['a migration of another history', [of('x', 1_500)], /do not belong together/],
])('%s is refused', (_, applied, message) => {
  expect(() => pendingMigrations(migrations, applied)).toThrow(message)
})

async function folderOf(entries: { tag: string; when: number }[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'octavo-journal-'))
  onFileEnd(() => rm(folder, { recursive: true }))
  await mkdir(join(folder, 'meta'))
  const journal = { entries: entries.map((entry, idx) => ({ idx, ...entry })) }
  await writeFile(join(folder, 'meta/_journal.json'), JSON.stringify(journal))
  for (const { tag } of entries)
    await writeFile(join(folder, `${tag}.sql`), 'select 1;\n--> statement-breakpoint\nselect 2;')
  return folder
}

test('a file is read as its statements, with the hash that drizzle-kit stores', async () => {
  const [migration] = await readMigrations(await folderOf([{ tag: '0000_a', when: 5 }]))
  expect(migration?.statements.map((text) => text.trim())).toEqual(['select 1;', 'select 2;'])
  expect(migration?.hash).toMatch(/^[0-9a-f]{64}$/)
})

test('a journal whose times do not increase is refused, because drizzle-kit would skip a file', async () => {
  const folder = await folderOf([
    { tag: '0000_a', when: 5 },
    { tag: '0001_b', when: 5 },
  ])
  await expect(readMigrations(folder)).rejects.toThrow(/0001_b is dated before 0000_a/)
})

test('no migration of ours needs to run outside a transaction, or could', async () => {
  for (const { name, statements } of await readMigrations())
    for (const statement of statements)
      expect(statement, name).not.toMatch(
        /\bconcurrently\b|^\s*vacuum\b|^\s*(begin|commit)\b\s*;/im,
      )
})
