import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { onFileEnd } from '../test/harness/database.ts'
import { stackPaths, stackPorts } from './config.ts'

/** The address that drizzle-kit would connect to. */
async function addressWith(settings: Record<string, string>): Promise<string> {
  for (const [name, value] of Object.entries(settings)) vi.stubEnv(name, value)
  vi.resetModules()
  const { default: config } = await import('../drizzle.config.ts')
  vi.unstubAllEnvs()
  return 'dbCredentials' in config && 'url' in config.dbCredentials ? config.dbCredentials.url : ''
}

function newHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'octavo-drizzle-'))
  onFileEnd(() => rmSync(home, { recursive: true }))
  return home
}

test('drizzle-kit goes to the database of the stack, before and after that has a password', async () => {
  const home = newHome()
  const settings = { DATABASE_URL: '', OCTAVO_HOME: home, OCTAVO_PORT: '9000' }
  const { postgres } = stackPorts(9000)
  const place = `127.0.0.1:${postgres}/app_db`
  expect(await addressWith(settings)).toBe(`postgres://app_user@${place}`)
  mkdirSync(join(home, 'secrets'))
  writeFileSync(stackPaths(home).databasePassword, 'a/b\n')
  expect(await addressWith(settings)).toBe(`postgres://app_user:a%2Fb@${place}`)
})

test('drizzle-kit goes where DATABASE_URL points, as it stands there', async () => {
  const url = 'postgres://me:hidden@db.example:5433/fresh?sslmode=require'
  expect(await addressWith({ DATABASE_URL: url, OCTAVO_HOME: newHome() })).toBe(url)
})
