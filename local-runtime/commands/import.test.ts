import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { conferenceSeries } from '../../db/schema/conferences.ts'
import { conferencesFolder, conferenceYaml } from '../../test/fixtures/conferences.ts'
import { runHere } from '../../test/fixtures/jobs-command.ts'
import { onFileEnd, testDatabase } from '../../test/harness/database.ts'
import { openTestDatabase } from '../../test/harness/setup.ts'
import { createTenant } from '../../test/harness/tenants.ts'
import { loadConfig, prepareHome } from '../config.ts'
import { importData } from './import.ts'

async function importing(files: Record<string, string | Uint8Array> = {}) {
  const { url } = await testDatabase()
  const { db } = await openTestDatabase()
  const tenant = await createTenant(db)
  const home = mkdtempSync(join(tmpdir(), 'octavo-import-'))
  onFileEnd(() => rmSync(home, { recursive: true, force: true }))
  const settings = { OCTAVO_HOME: join(home, 'state'), DATABASE_URL: url }
  prepareHome(loadConfig(settings, { envFile: null }))
  const folder = join(home, 'conference')
  for (const [path, content] of Object.entries({ 'types.yml': '- name: areas', ...files })) {
    mkdirSync(join(folder, path, '..'), { recursive: true })
    writeFileSync(join(folder, path), content)
  }
  const octavo = (from: string, ...args: string[]) =>
    runHere(importData, settings, ['ccfddl', from, '--tenant', tenant.name, ...args])
  const count = () => db.$count(conferenceSeries, eq(conferenceSeries.tenantId, tenant.id))
  return { folder, octavo, count }
}

const file = (title: string, day: string) =>
  conferenceYaml([{ year: 2027, rounds: [{ paper: `2026-06-${day} 12:00` }] }], {
    title,
    dblp: title,
  })

test('the real folder comes in with its totals, and the second time nothing changes', async ({
  skip,
}) => {
  if (!conferencesFolder) return skip('no sample files: set CORPUS_DIR to their folder')
  const { octavo, count } = await importing()
  const totals = (words: string) =>
    `20 files, 0 broken; conferences: ${words}, 0 refused; 114 editions, 325 deadlines\n`
  const first = await octavo(conferencesFolder)
  expect(first).toMatchObject({ status: 0, stderr: '' })
  expect(first.stdout).toMatch(/^created {4}AAAI\n/)
  expect(first.stdout.endsWith(totals('20 created, 0 changed, 0 unchanged'))).toBe(true)
  expect(await count()).toBe(20)
  expect((await octavo(conferencesFolder)).stdout).toBe(
    totals('0 created, 0 changed, 20 unchanged'),
  )
})

test('broken files are listed with their place and end with 1, and the others come in', async () => {
  const files = {
    'AI/good.yml': file('GOOD', '11'),
    'AI/syntax.yml': '- title: [',
    'SE/day.yaml': file('DAY', '31'),
    'SE/bytes.yml': new Uint8Array([0xff, 0xfe, 0x2d]),
    '.git/hidden.yml': '- [',
  }
  const { octavo, folder, count } = await importing(files)
  const { status, stdout } = await octavo(folder)
  expect(status).toBe(1)
  expect(stdout).toMatch(/^created {4}GOOD\n/)
  expect(stdout).toMatch(
    /^refused {4}DAY\n +SE\/day.yaml:\d+:\d+ error: "2026-06-31 12:00" is no time/m,
  )
  expect(stdout).toMatch(/^broken {5}AI\/syntax.yml:1:\d+ /m)
  expect(stdout).toContain('SE/bytes.yml:1:1 It is not valid UTF-8.')
  expect(stdout).toContain('4 files, 2 broken; conferences: 1 created')
  expect(stdout).not.toContain('hidden')
  expect(await count()).toBe(1)
})

test('a dry run says what would change and writes nothing, as JSON too', async () => {
  const { octavo, folder, count } = await importing({ 'one.yml': file('ONE', '11') })
  const { status, stdout } = await octavo(folder, '--dry-run')
  expect({ status, last: stdout.trim().split('\n').at(-1) }).toEqual({
    ...{ status: 0, last: 'A dry run: nothing was written.' },
  })
  const json = JSON.parse((await octavo(folder, '--dry-run', '--json')).stdout)
  expect(json).toMatchObject({ totals: { created: 1 }, conferences: [{ title: 'ONE', id: null }] })
  expect(await count()).toBe(0)
})

test('one file comes in by itself, and a folder as it is cloned without what lies beside', async () => {
  const files = {
    'conference/SE/one.yml': file('ONE', '11'),
    'accept_rates/SE/one.yml': '- title: ONE\n  accept_rates: []',
    '.github/workflow.yml': 'on: push',
  }
  const { octavo, folder, count } = await importing(files)
  const one = await octavo(join(folder, 'conference/SE/one.yml'))
  expect(one).toMatchObject({ status: 0, stderr: '' })
  expect(one.stdout).toContain('1 files, 0 broken; conferences: 1 created')
  const all = await octavo(folder)
  expect(all.stdout).toContain('1 files, 0 broken; conferences: 0 created, 0 changed, 1 unchanged')
  expect(await count()).toBe(1)
})

test('a folder that is not there or has nothing is one sentence', async () => {
  const { octavo, folder } = await importing()
  expect(await octavo('/nowhere')).toMatchObject({
    status: 1,
    stderr: 'There is no folder /nowhere.\n',
  })
  expect((await octavo(folder)).stderr).toBe(`${folder} has no file that ends in .yml or .yaml.\n`)
})
