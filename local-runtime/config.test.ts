import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { afterAll, expect, test } from 'vitest'
import { type ConfigFault, loadConfig, prepareHome, socketPath, stackPorts } from './config.ts'

const folder = mkdtempSync(join(tmpdir(), 'octavo-config-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const run = promisify(execFile)
const load = (env: Record<string, string>) => loadConfig(env, { envFile: null })

function fileWith(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text, { mode: 0o600 })
  return path
}

test('without any variable the stack lives in .local of the checkout, on port 8080 of this machine alone', () => {
  const config = load({})
  expect(config.home).toBe(join(process.cwd(), '.local'))
  expect(config.baseUrl).toBe('http://127.0.0.1:8080')
  expect(config.database.url).toBe(`postgres://app_user@127.0.0.1:${config.ports.postgres}/app_db`)
  expect(config.redis.url).toBe(`redis://127.0.0.1:${config.ports.redis}`)
})

test('every fault is told at once, with its variable, its source and a fix', () => {
  const envFile = fileWith('faulty.env', 'JSON_BYTES_MAX=lots\n')
  const env = {
    OCTAVO_PORT: '99999',
    DUPLICATE_POLICY: 'copy',
    REDIS_PASSWORD_FILE: '/nowhere/at-all',
  }
  const load = () => loadConfig(env, { envFile })
  expect(load).toThrow(/4 faults/)
  try {
    load()
  } catch (err) {
    const faults = (err as ConfigFault).faults.map(({ variable, source }) => [variable, source])
    expect(new Map(faults as [string, string][])).toEqual(
      new Map([
        ['OCTAVO_PORT', 'environment'],
        ['JSON_BYTES_MAX', envFile],
        ['DUPLICATE_POLICY', 'environment'],
        ['REDIS_PASSWORD_FILE', 'environment'],
      ]),
    )
    for (const { fix } of (err as ConfigFault).faults) expect(fix).not.toBe('')
  }
})

test('the environment wins over .env, and .env over the default', () => {
  const envFile = fileWith('two.env', 'OCTAVO_PORT=9000\nLOG_LEVEL="debug"\n')
  const config = loadConfig({ OCTAVO_PORT: '9100' }, { envFile })
  expect([config.port, config.logLevel]).toEqual([9100, 'debug'])
  expect(config.sourceOf('OCTAVO_PORT')).toBe('environment')
  expect(config.sourceOf('LOG_LEVEL')).toBe(envFile)
  expect(config.sourceOf('OCTAVO_BIND')).toBe('default')
})

test('.env is read from the checkout', () => {
  const checkout = join(folder, 'checkout')
  mkdirSync(checkout)
  writeFileSync(join(checkout, '.env'), 'OCTAVO_HOME=state\n')
  expect(loadConfig({}, { checkout }).home).toBe(join(checkout, 'state'))
})

test('an empty variable counts as not set', () => {
  const envFile = fileWith('one.env', 'OCTAVO_PORT=9000\n')
  const config = loadConfig({ OCTAVO_PORT: '', DATABASE_URL: ' ' }, { envFile })
  expect([config.port, config.database.isEmbedded]).toEqual([9000, true])
})

test('an unknown OCTAVO variable is a warning that names the one that was meant', () => {
  const { warnings } = load({
    OCTAVO_PROT: '1',
    OCTAVO_ZZZZZZZZZZZZ: '1',
    OCTAVO_INTERNAL_ROLE: 'x',
    PATH: '/bin',
  })
  expect(warnings).toHaveLength(2)
  expect(warnings[0]).toContain('Did you mean OCTAVO_PORT?')
  expect(warnings[1]).not.toContain('Did you mean')
})

test('a configuration cannot be changed, at any depth', () => {
  const config = load({})
  expect(() => Object.assign(config, { port: 1 })).toThrow(TypeError)
  expect(() => Object.assign(config.limits.key, { burst: 1 })).toThrow(TypeError)
  expect(() => Object.assign(config.appSecret, { file: '/etc/passwd' })).toThrow(TypeError)
})

test('whatever the port, all ports of a stack differ and lie below 32768', () => {
  for (let port = 1; port < 32_768; port += 1) {
    const ports = Object.values(stackPorts(port))
    expect(
      new Set(ports).size === ports.length && ports.every((each) => each > 0 && each < 32_768),
    ).toBe(true)
  }
})

test('stacks on round ports share no port', () => {
  const ports = [8080, 8081, 8090, 8180, 9080, 9090, 18080, 28080].flatMap((port) =>
    Object.values(stackPorts(port)),
  )
  expect(new Set(ports).size).toBe(ports.length)
})

test('a home with a long path has its sockets in a short folder of its own', () => {
  const near = load({ OCTAVO_HOME: join(folder, 'a') })
  const far = load({ OCTAVO_HOME: join(folder, 'long'.repeat(30)) })
  const other = load({ OCTAVO_HOME: join(folder, 'more'.repeat(30)) })
  expect(near.paths.run).toBe(join(folder, 'a', 'run'))
  expect(far.paths.run).not.toContain('long')
  expect(far.paths.run).not.toBe(other.paths.run)
  expect(Buffer.byteLength(socketPath(far.paths.run, 'n'.repeat(32)))).toBeLessThanOrEqual(100)
  expect(() => socketPath(far.paths.run, 'n'.repeat(33))).toThrow(RangeError)
})

test('a home where no folder can ever be made is a fault, not an endless loop', () => {
  expect(() => prepareHome(load({ OCTAVO_HOME: '/proc/octavo/home' }))).toThrow('OCTAVO_HOME')
})

test('a home that cannot be made is a fault of OCTAVO_HOME', () => {
  const file = fileWith('in-the-way', '')
  expect(() => prepareHome(load({ OCTAVO_HOME: join(file, 'home') }))).toThrow(
    /OCTAVO_HOME \(environment\).*ENOTDIR/s,
  )
})

test('the fingerprint changes with any setting, secrets included, and with nothing else', () => {
  const fingerprint = (env: Record<string, string>) => load(env).fingerprint
  expect(fingerprint({ HOME: '/a' })).toBe(fingerprint({ HOME: '/b' }))
  expect(fingerprint({ LOG_LEVEL: 'debug' })).not.toBe(fingerprint({}))
  expect(fingerprint({ REDIS_PASSWORD: 'a' })).not.toBe(fingerprint({ REDIS_PASSWORD: 'b' }))
})

test('it loads as CommonJS too, as drizzle-kit wants it', async () => {
  const { outputFiles } = await build({
    entryPoints: ['local-runtime/config.ts'],
    bundle: true,
    write: false,
    format: 'cjs',
    platform: 'node',
    define: { 'import.meta.url': JSON.stringify(new URL('config.ts', import.meta.url).href) },
    logLevel: 'silent',
  })
  const program = fileWith(
    'config.cjs',
    `${outputFiles[0]?.text}\nconsole.log(module.exports.loadConfig({}, { envFile: null }).port)`,
  )
  expect((await run(process.execPath, [program])).stdout.trim()).toBe('8080')
})
