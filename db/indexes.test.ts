import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { expect, test } from 'vitest'
import { createTestDatabase, onFileEnd } from '../test/harness/database.ts'
import { createIndexConcurrently } from './indexes.ts'
import { migrationsFolder } from './journal.ts'
import { migrate } from './migrate.ts'

const log = () => {}

/** A migrated database, and migrations with one more that makes an index. */
async function setup(statement: string) {
  const { url } = await createTestDatabase()
  const sql = postgres(url, { max: 1, fetch_types: false, onnotice: () => {} })
  onFileEnd(() => sql.end())
  const folder = await mkdtemp(join(tmpdir(), 'octavo-index-'))
  onFileEnd(() => rm(folder, { recursive: true }))
  await cp(migrationsFolder, folder, { recursive: true })
  const path = join(folder, 'meta/_journal.json')
  const journal = JSON.parse(await readFile(path, 'utf8'))
  journal.entries.push({ ...journal.entries.at(-1), tag: '9999_index', when: 4_000_000_000_000 })
  await writeFile(path, JSON.stringify(journal))
  await writeFile(join(folder, '9999_index.sql'), statement)
  const valid = async (name: string) => {
    const rows = await sql`select indisvalid from pg_index where indexrelid = to_regclass(${name})`
    return rows[0]?.indisvalid
  }
  return { url, sql, folder, valid }
}

const byTitle =
  'CREATE INDEX IF NOT EXISTS "documents_by_title" ON "documents" USING btree ("tenant_id","title");'

test('an index is built ahead of its migration, which then finds it', async () => {
  const { url, folder, valid } = await setup(byTitle)
  const create = () => createIndexConcurrently('documents_by_title', { url, folder, log })
  expect(await create()).toBe('created')
  expect(await valid('documents_by_title')).toBe(true)
  expect(await create()).toBe('exists')
  expect(await migrate({ url, folder, log })).toEqual(['9999_index'])
})

test('what a broken attempt left is replaced', async () => {
  const { url, sql, folder, valid } = await setup(
    'CREATE UNIQUE INDEX IF NOT EXISTS "tenants_by_flag" ON "tenants" USING btree ("version");',
  )
  await sql`insert into tenants (id, name) values (gen_random_uuid(), 'a'), (gen_random_uuid(), 'b')`
  const create = () => createIndexConcurrently('tenants_by_flag', { url, folder, log })
  await expect(create()).rejects.toThrow(/duplicate|unique/)
  expect(await valid('tenants_by_flag')).toBe(false)
  await sql`update tenants set version = 2 where name = 'b'`
  expect(await create()).toBe('created')
  expect(await valid('tenants_by_flag')).toBe(true)
})

test('a partitioned table gets its index a partition at a time', async () => {
  const { url, folder, valid } = await setup(
    'CREATE INDEX IF NOT EXISTS "run_events_by_type" ON "run_events" USING btree ("tenant_id","type");',
  )
  await createIndexConcurrently('run_events_by_type', { url, folder, log })
  expect(await valid('run_events_by_type')).toBe(true)
  expect(await valid('run_events_default_by_type')).toBe(true)
})

test('an index that no migration makes is refused', async () => {
  const { url, folder } = await setup(byTitle)
  await expect(createIndexConcurrently('nonsense', { url, folder, log })).rejects.toThrow(
    'no migration makes an index named nonsense',
  )
})
