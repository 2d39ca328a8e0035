import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { setupChain, tamper } from '../../test/fixtures/auditing.ts'
import { runHere } from '../../test/fixtures/jobs-command.ts'
import { onFileEnd, testDatabase } from '../../test/harness/database.ts'
import { loadConfig, prepareHome } from '../config.ts'
import { audit } from './audit.ts'

async function setupCommand(rows: number) {
  const { url } = await testDatabase()
  const chain = await setupChain(rows)
  const home = mkdtempSync(join(tmpdir(), 'octavo-audit-'))
  onFileEnd(() => rmSync(home, { recursive: true, force: true }))
  const settings = { OCTAVO_HOME: home, DATABASE_URL: url }
  prepareHome(loadConfig(settings, { envFile: null }))
  const octavo = (...args: string[]) => runHere(audit, settings, args)
  return { ...chain, octavo }
}

test('an untouched chain is intact and its head is printed, to be expected later', async () => {
  const { tenant, octavo, db, tenantId } = await setupCommand(3)
  const { status, stdout } = await octavo('verify', '--tenant', tenant.name)
  expect(stdout).toMatch(
    new RegExp(
      `^${tenant.name}: intact, 3 rows \\(\\d+ rows/s\\)\n${tenant.name}: head 3:[0-9a-f]{64}\n$`,
    ),
  )
  expect(status).toBe(0)
  const head = /head (\S+)/.exec(stdout)?.[1] ?? ''
  const expecting = ['verify', '--tenant', tenant.name, '--expect', head]
  expect((await octavo(...expecting)).status).toBe(0)
  await db.transaction((tx) =>
    tamper(tx, sql`delete from audit_log where tenant_id = ${tenantId} and seq = 3`),
  )
  const cut = await octavo(...expecting)
  expect(cut.stdout).toContain('The row that was expected is gone: rows were cut off at the end.\n')
  expect(cut.status).toBe(1)
})

test('altered and missing rows are named, and the command ends with 1, also for all tenants', async () => {
  const { tenant, octavo, db, tenantId, read } = await setupCommand(5)
  const [, second] = await read()
  await db.transaction((tx) =>
    tamper(
      tx,
      sql`update audit_log set detail = '{}' where tenant_id = ${tenantId} and seq = 2`,
      sql`delete from audit_log where tenant_id = ${tenantId} and seq in (3, 4)`,
    ),
  )
  const all = await octavo('verify')
  expect(all.stdout).toContain(
    `${tenant.name}: row 2 is not what was written: ${second?.id} user.changed of 2026-11-20T08:00:00.123000Z\n` +
      `${tenant.name}: row 3 to 4 are missing\n${tenant.name}: ALTERED, 3 rows`,
  )
  expect(all.status).toBe(1)
  const { items } = JSON.parse((await octavo('verify', '--tenant', tenant.name, '--json')).stdout)
  expect(items).toMatchObject([
    {
      ...{ tenant: tenant.name, is_intact: false, rows: 3, fault_count: 2 },
      faults: [
        { reason: 'altered', seq: 2, id: second?.id },
        { reason: 'missing', seq: 3, until_seq: 4 },
      ],
    },
  ])
})

test('rows are listed as a table, the newest first, and as JSON for programs', async () => {
  const { tenant, octavo, append } = await setupCommand(1)
  await append({ action: 'key.created', detail: { role: 'viewer' } })
  const { stdout } = await octavo('--tenant', tenant.name)
  const [head, first, second, ...rest] = stdout.split('\n')
  expect(head).toMatch(/^SEQ +AGE +ACTION +SUBJECT +BY +DETAIL$/)
  expect(first).toMatch(/^ +2 .* key\.created .* the system +\{"role":"viewer"\}$/)
  expect(second).toMatch(/^ +1 .* user\.changed /)
  expect(rest).toEqual([''])
  const json = await octavo('list', '--tenant', tenant.name, '--action', 'key.', '--json')
  expect(JSON.parse(json.stdout).items).toMatchObject([{ seq: 2, action: 'key.created' }])
})

test.each([
  [['verify', '--tenant', 'nobody'], 'There is no tenant nobody.\n'],
  [
    ['verify', '--expect', '1:x'],
    '--expect goes with --tenant: each tenant has a chain of its own.\n',
  ],
  [['--actor', 'x'], '--actor takes an id, and "x" is none.\n'],
])('%j ends with 1 and one sentence', async (args, stderr) => {
  const { octavo, tenant } = await setupCommand(0)
  const more = args.includes('--actor') ? ['--tenant', tenant.name] : []
  expect(await octavo(...args, ...more)).toEqual({ status: 1, stdout: '', stderr })
})
