import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import manifest from '../package.json' with { type: 'json' }
import { onFileEnd } from '../test/harness/database.ts'

const program = fileURLToPath(new URL('main.ts', import.meta.url))

function setup() {
  const folder = mkdtempSync(join(tmpdir(), 'octavo-main-'))
  onFileEnd(() => rmSync(folder, { recursive: true, force: true }))
  const home = join(folder, 'home')
  const octavo = (...args: string[]) => {
    const env = { ...process.env, OCTAVO_HOME: home }
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
      env,
      encoding: 'utf8',
    })
    return { status, stdout, stderr }
  }
  return { octavo, home }
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
