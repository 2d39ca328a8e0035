import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { expect, test } from 'vitest'
import { createTestDatabase, onFileEnd } from '../test/harness/database.ts'
import { catalogueText } from './catalogue.ts'
import { migrationsFolder } from './journal.ts'
import { migrate } from './migrate.ts'
import { rollbackMigration } from './rollback.ts'

const log = () => {}

const emptyDatabase = () => database({ empty: true })

async function database(options: { empty?: boolean } = {}) {
  const { url } = await createTestDatabase(options)
  const sql = postgres(url, { max: 1, fetch_types: false, onnotice: () => {} })
  onFileEnd(() => sql.end())
  return { url, sql }
}

/** A copy of our migrations up to one of them. */
async function folderUpTo(count: number): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'octavo-migrations-'))
  onFileEnd(() => rm(folder, { recursive: true }))
  await cp(migrationsFolder, folder, { recursive: true })
  const path = join(folder, 'meta/_journal.json')
  const journal = JSON.parse(await readFile(path, 'utf8'))
  journal.entries = journal.entries.slice(0, count)
  await writeFile(path, JSON.stringify(journal))
  return folder
}

// After a change of the schema: npx vitest run db/catalogue.test.ts -u, then read the difference.
test('all migrations on an empty database give exactly the catalogue that was reviewed', async () => {
  const { url, sql } = await emptyDatabase()
  await migrate({ url, log })
  await expect(await catalogueText(sql)).toMatchFileSnapshot('./catalogue.golden.txt')
})

test('every migration can be taken back and leaves the catalogue of before it', async () => {
  const journal = JSON.parse(await readFile(join(migrationsFolder, 'meta/_journal.json'), 'utf8'))
  const { url, sql } = await emptyDatabase()
  let before = await catalogueText(sql)
  for (let count = 1; count <= journal.entries.length; count += 1) {
    const folder = await folderUpTo(count)
    const [name] = await migrate({ url, folder, log })
    const after = await catalogueText(sql)
    expect(await rollbackMigration({ url, folder, log })).toBe(name)
    expect(withoutExtensions(await catalogueText(sql))).toBe(withoutExtensions(before))
    await migrate({ url, folder, log })
    before = await catalogueText(sql)
    expect(before).toBe(after)
  }
})

test('with nothing applied there is nothing to take back', async () => {
  const { url } = await emptyDatabase()
  expect(await rollbackMigration({ url, log })).toBeNull()
})

test('only the newest migration is taken back, and only when it is the one that was meant', async () => {
  const { url, sql } = await database()
  const before = await catalogueText(sql)
  await expect(rollbackMigration({ url, log, name: 'another' })).rejects.toThrow(
    /the newest applied/,
  )
  expect(await catalogueText(sql)).toBe(before)
})

test('a migration without its way back is refused, and nothing changes', async () => {
  const { url, sql } = await emptyDatabase()
  const folder = await folderUpTo(1)
  await rm(join(folder, 'down'), { recursive: true })
  await migrate({ url, folder, log })
  const before = await catalogueText(sql)
  await expect(rollbackMigration({ url, folder, log })).rejects.toThrow(/cannot be taken back/)
  expect(await catalogueText(sql)).toBe(before)
})

// Extensions stay behind: they may serve others.
const withoutExtensions = (text: string) => text.replaceAll(/^extension .*\n/gm, '')
