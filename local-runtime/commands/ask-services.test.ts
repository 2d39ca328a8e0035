import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { testDatabase } from '../../test/harness/database.ts'
import { openTestDatabase } from '../../test/harness/setup.ts'
import { createTenant } from '../../test/harness/tenants.ts'

const run = promisify(execFile)

async function ask(query: string): Promise<{ code: number; output: string }> {
  const { url } = await testDatabase()
  const env = { ...process.env, DATABASE_URL: url }
  try {
    const { stdout } = await run(process.execPath, ['local-runtime/main.ts', 'sql', query], { env })
    return { code: 0, output: stdout }
  } catch (err) {
    const { code, stderr } = err as { code: number; stderr: string }
    return { code, output: stderr }
  }
}

test('sql shows rows as JSON lines', async () => {
  const { code, output } = await ask('select n, n::text as t from generate_series(1, 2) n')
  expect([code, output]).toEqual([0, '{"n":1,"t":"1"}\n{"n":2,"t":"2"}\n'])
})

test.each([
  ['a write', 'delete from tenants', /read-only transaction \(25006\)/],
  ['a second statement', 'rollback; delete from tenants', /multiple commands/],
  ['a statement that leaves the transaction', 'commit; delete from tenants', /multiple commands/],
  ['a misspelt statement', 'selec', /syntax error.*\(42601\)/],
])('sql refuses %s, says why, and changes nothing', async (_, query, reason) => {
  const { db } = await openTestDatabase()
  const { id } = await createTenant(db)
  const { code, output } = await ask(query)
  expect(code).toBe(1)
  expect(output).toMatch(reason)
  const { output: still } = await ask(
    `select count(*)::int as found from tenants where id = '${id}'`,
  )
  expect(still).toBe('{"found":1}\n')
})
