import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect, promisify } from 'node:util'
import { afterAll, expect, test } from 'vitest'
import { ConfigFault, describeConfig, loadConfig } from '../config.ts'

const folder = mkdtempSync(join(tmpdir(), 'octavo-config-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const run = promisify(execFile)
const load = (env: Record<string, string>) => loadConfig(env, { envFile: null })

function faultsOf(env: Record<string, string>) {
  try {
    load(env)
  } catch (err) {
    if (err instanceof ConfigFault) return err
    throw err
  }
  throw new Error('the configuration has no fault')
}

function fileWith(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text, { mode: 0o600 })
  return path
}

test('a faulty secret is told without its value', () => {
  const { message } = faultsOf({
    OCTAVO_SECRET: 'far-too-short',
    DATABASE_URL: 'mysql://app:hunter2@db/app',
    REDIS_URL: 'hunter3',
  })
  expect(message).toContain('OCTAVO_SECRET')
  expect(message).toContain('DATABASE_URL')
  expect(message).not.toMatch(/far-too-short|hunter/)
})

test('a secret file wins nothing over its variable: both at once is a fault', () => {
  const file = fileWith('password', 'secret\n')
  const { message } = faultsOf({ DATABASE_PASSWORD: 'x', DATABASE_PASSWORD_FILE: file })
  expect(message).toContain('keep one of the two')
})

test('a secret is read from its file without the line break that editors leave', () => {
  const file = fileWith('redis-password', ' kept blanks \n')
  expect(load({ REDIS_PASSWORD_FILE: file }).redis.password?.reveal()).toBe(' kept blanks ')
})

test('the application secret is 32 bytes, from hexadecimal or base64', () => {
  const bytes = Buffer.alloc(32, 7)
  for (const encoding of ['hex', 'base64', 'base64url'] as const) {
    const { appSecret } = load({ OCTAVO_SECRET: bytes.toString(encoding) })
    expect(Buffer.from(appSecret.bytes32())).toEqual(bytes)
  }
})

test('no way of printing a configuration shows a secret', () => {
  const config = load({
    OCTAVO_SECRET: 'ab'.repeat(32),
    DATABASE_URL: 'postgres://app:hunter2@db/app?sslmode=require',
    REDIS_URL: 'rediss://cache:6380?password=hunter2',
  })
  const prints = [
    JSON.stringify(config),
    inspect(config, { depth: 9, showHidden: true }),
    describeConfig(config),
  ]
  for (const text of [...prints, `${config.appSecret}`]) expect(text).not.toMatch(/hunter2|abab/)
  expect(config.database.password?.reveal()).toBe('hunter2')
  expect(config.database.url).toBe('postgres://app@db/app?sslmode=require')
  expect(config.redis.password?.reveal()).toBe('hunter2')
})

test('a password in an address may hold escapes and lone percent signs', () => {
  const passwordOf = (text: string) =>
    load({ DATABASE_URL: `postgres://a:${text}@h/d` }).database.password?.reveal()
  expect([passwordOf('p%40ss'), passwordOf('100%')]).toEqual(['p@ss', '100%'])
})

test('of first starts at the same time all agree on the generated secrets, which only their owner reads', async () => {
  const home = join(folder, 'first')
  const source = `import { loadConfig, prepareHome } from '${process.cwd()}/local-runtime/config.ts'
const config = loadConfig({ OCTAVO_HOME: '${home}' }, { envFile: null })
prepareHome(config)
const secrets = [config.appSecret, config.database.password, config.redis.password]
console.log(secrets.map((secret) => secret.reveal()).join())`
  const program = fileWith('first-start.ts', source)
  const outputs = await Promise.all(
    Array.from({ length: 4 }, () => run(process.execPath, [program])),
  )
  const [values = '', ...others] = new Set(outputs.map(({ stdout }) => stdout))
  expect(others).toEqual([])
  expect(
    values
      .trim()
      .split(',')
      .map((value) => value.length),
  ).toEqual([64, 64, 64])
  expect(new Set(values.trim().split(',')).size).toBe(3)
  const secrets = join(home, 'secrets')
  expect(readdirSync(secrets).sort()).toEqual(['app-secret', 'database-password', 'redis-password'])
  for (const name of readdirSync(secrets))
    expect(statSync(join(secrets, name)).mode & 0o777).toBe(0o600)
  expect(statSync(secrets).mode & 0o777).toBe(0o700)
})

test('a generated secret that is missing is asked for by name, and loading alone writes nothing', () => {
  const home = join(folder, 'untouched')
  const config = load({ OCTAVO_HOME: home })
  expect(() => config.appSecret.reveal()).toThrow(join(home, 'secrets', 'app-secret'))
  expect(statSync(home, { throwIfNoEntry: false })).toBeUndefined()
})
