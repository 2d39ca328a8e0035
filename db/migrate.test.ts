import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { expect, test } from 'vitest'
import { createTestDatabase, onFileEnd } from '../test/harness/database.ts'
import { migrate, migrationStatus } from './migrate.ts'

const log = () => {}

async function setup() {
  const { url } = await createTestDatabase({ empty: true })
  const sql = postgres(url, { max: 1, fetch_types: false, onnotice: () => {} })
  onFileEnd(() => sql.end())
  const tables = async () =>
    (await sql`select tablename from pg_tables where schemaname = 'public'`).map(
      (row) => row.tablename,
    )
  return { url, sql, tables }
}

/** Migrations of a rehearsal: text by name, dated one after the other. */
async function folderOf(files: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'octavo-migrate-'))
  onFileEnd(() => rm(folder, { recursive: true }))
  await mkdir(join(folder, 'meta'))
  const entries = Object.keys(files).map((tag, idx) => ({ idx, when: 1_000 + idx, tag }))
  await writeFile(join(folder, 'meta/_journal.json'), JSON.stringify({ entries }))
  for (const [tag, text] of Object.entries(files)) await writeFile(join(folder, `${tag}.sql`), text)
  return folder
}

test('migrating twice does nothing the second time, and the status says what is there', async () => {
  const { url } = await setup()
  expect((await migrationStatus({ url })).every(({ applied }) => !applied)).toBe(true)
  const names = await migrate({ url, log })
  expect(names[0]).toBe('0000_foundation')
  expect(await migrate({ url, log })).toEqual([])
  expect((await migrationStatus({ url })).every(({ applied }) => applied)).toBe(true)
})

test('of two hosts that migrate at once one does the work and the other waits for it', async () => {
  const { url } = await setup()
  const both = await Promise.all([migrate({ url, log }), migrate({ url, log })])
  expect(both.map((names) => names.length > 0).sort()).toEqual([false, true])
})

test('a migration that fails says everything, keeps nothing of itself and all before it', async () => {
  const { url, tables } = await setup()
  const folder = await folderOf({
    '0000_good': 'create table good (n int)',
    '0001_bad':
      'create table half (n int);\n--> statement-breakpoint\n\nselect missing_column\nfrom half;',
  })
  const err = await migrate({ url, folder, log }).catch((cause: Error) => cause)
  expect(String(err)).toMatchInlineSnapshot(`
    "Error: migration 0001_bad failed at statement 2 of 2; nothing of it was kept
      column "missing_column" does not exist
      SQLSTATE: 42703
      position: 10 (line 1, column 8)
      statement:
        select missing_column
        from half;"
  `)
  expect(await tables()).toEqual(['good'])
  expect((await migrationStatus({ url, folder })).map(({ applied }) => applied)).toEqual([
    true,
    false,
  ])
})

test('a hint of Postgres reaches the reader', async () => {
  const { url } = await setup()
  const folder = await folderOf({ '0000_bad': `select 1 where 'a' = to_tsvectr('b')` })
  await expect(migrate({ url, folder, log })).rejects.toThrow(/hint: No function matches/)
})

test('a migrator that dies half-way leaves nothing, and the next one does it all', async () => {
  const { url, sql, tables } = await setup()
  const slow = await folderOf({
    '0000_slow': 'create table half (n int);\n--> statement-breakpoint\nselect pg_sleep(30)',
  })
  const dying = migrate({ url, folder: slow, log }).catch((err: Error) => err)
  const kill = () => sql`select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and query like '%pg_sleep(30)%' and pid <> pg_backend_pid()`
  while ((await kill()).length === 0);
  expect(await dying).toBeInstanceOf(Error)
  expect(await tables()).toEqual([])
  const mended = await folderOf({ '0000_slow': 'create table whole (n int)' })
  expect(await migrate({ url, folder: mended, log })).toEqual(['0000_slow'])
  expect(await tables()).toEqual(['whole'])
})

test('a database of a newer Octavo is refused and left as it is', async () => {
  const { url, tables } = await setup()
  const newer = await folderOf({ '0000_a': 'create table a (n int)', '0001_b': 'select 1' })
  const older = await folderOf({ '0000_a': 'create table a (n int)' })
  await migrate({ url, folder: newer, log })
  await expect(migrate({ url, folder: older, log })).rejects.toThrow(/newer than this code/)
  await expect(migrationStatus({ url, folder: older })).rejects.toThrow(/newer than this code/)
  expect(await tables()).toEqual(['a'])
})
