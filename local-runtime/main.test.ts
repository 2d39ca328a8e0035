import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import manifest from '../package.json' with { type: 'json' }
import { createTestDatabase, onFileEnd } from '../test/harness/database.ts'

const program = fileURLToPath(new URL('main.ts', import.meta.url))

function setup(settings: Record<string, string> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'octavo-main-'))
  onFileEnd(() => rmSync(folder, { recursive: true, force: true }))
  const home = join(folder, 'home')
  const run = (name: string, args: string[]) => {
    const env = { ...process.env, ...settings, OCTAVO_HOME: home }
    const { status, stdout, stderr } = spawnSync(name, args, { env, encoding: 'utf8' })
    return { status, stdout, stderr }
  }
  const octavo = (...args: string[]) => run(process.execPath, [program, ...args])
  return { octavo, run, home }
}

test('a mistyped command ends with 1 and one sentence, before anything happens', () => {
  const { octavo, home } = setup()
  const { status, stdout, stderr } = octavo('deploy', '--no-smok')
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
  expect(stderr).toBe(
    'octavo deploy has no flag --no-smok. Did you mean --no-smoke? See octavo deploy --help\n',
  )
  expect(existsSync(home)).toBe(false)
})

test('octavo --version prints the version alone', () => {
  const { status, stdout } = setup().octavo('--version')
  expect({ status, stdout }).toEqual({ status: 0, stdout: `${manifest.version}\n` })
})

test('what is no id of a tenant is not deleted, with or without --yes', () => {
  const { octavo } = setup()
  for (const flags of [[], ['--yes']]) {
    const { status, stderr } = octavo('tenants', 'delete', 'nope', ...flags)
    expect(status).toBe(1)
    expect(stderr).toMatch(/^"nope" is no tenant id\./)
  }
})

test('without a terminal a tenant is not deleted unless --yes says so, and the exit code tells it', () => {
  const id = '019a9fb7-3e75-7cc0-b9f1-1f2a3b4c5d6e'
  const { status, stdout, stderr } = setup().octavo('tenants', 'delete', id)
  expect({ status, stdout }).toEqual({ status: 1, stdout: 'Nothing was deleted.\n' })
  expect(stderr).toContain('say --yes')
})

test('a mistyped flag of deploy-local.sh is refused by the script itself, before it installs anything', () => {
  const script = fileURLToPath(new URL('../deploy-local.sh', import.meta.url))
  const { status, stderr } = setup().run('bash', [script, '--bogus'])
  expect(status).toBe(1)
  expect(stderr).toBe('deploy-local.sh: there is no flag "--bogus"; see ./deploy-local.sh --help\n')
})

test('the smoke test of a stack that does not run says that alone', () => {
  const { status, stdout, stderr } = setup().octavo('smoke')
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
  expect(stderr).toBe('The stack is not running. Start it with ./deploy-local.sh\n')
})

test('each migration is told once as it is applied and once as it is taken back', async () => {
  const { url } = await createTestDatabase({ empty: true })
  const { octavo } = setup({ DATABASE_URL: url })
  const namesOf = (text: string) =>
    text
      .trim()
      .split('\n')
      .map((line) => line.split(' ')[0])
  const names = namesOf(octavo('db', 'migrate').stdout)
  expect(new Set(names).size).toBe(names.length)
  expect(octavo('db', 'migrate').stdout).toBe('nothing to do\n')
  const newest = names.at(-1) ?? ''
  expect(octavo('db', 'rollback', newest).stdout).toBe(`${newest} taken back\n`)
})
