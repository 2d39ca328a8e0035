import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { loadConfig, remember } from '../config.ts'

function newHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'octavo-remembered-'))
  onTestFinished(() => rmSync(home, { recursive: true }))
  return home
}

const portIn = (env: Record<string, string>, envFile: string | null = null): number =>
  loadConfig(env, { envFile }).port

test('a command that is not told finds the port of the last start in its home', () => {
  const home = newHome()
  expect(portIn({ OCTAVO_HOME: home })).toBe(8080)
  remember(home, { port: 18_080, bind: '127.0.0.1' })
  expect(portIn({ OCTAVO_HOME: home })).toBe(18_080)
  expect(portIn({ OCTAVO_HOME: newHome() })).toBe(8080)
})

test('the environment and .env win over what was remembered', () => {
  const home = newHome()
  const envFile = join(home, '.env')
  writeFileSync(envFile, 'OCTAVO_PORT=18081\n')
  remember(home, { port: 18_080, bind: '127.0.0.1' })
  expect(portIn({ OCTAVO_HOME: home }, envFile)).toBe(18_081)
  expect(portIn({ OCTAVO_HOME: home, OCTAVO_PORT: '18082' }, envFile)).toBe(18_082)
})
