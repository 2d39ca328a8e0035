import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { registry } from '../local-runtime/registry.ts'
import { hostUses, moduleScopeEffects, readsEnvironment } from './architecture/rules.ts'
import { filesEndingIn, isTest, readSources } from './architecture/sources.ts'
import { isInTable, mayImport, webStandardFiles, zoneOf } from './architecture/zones.ts'

const linesMax = 250
const sources = readSources()
const functionNames = readdirSync('functions', { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== '_shared')
  .map((entry) => entry.name)

test('every import follows the table of who may import whom', () => {
  const faults = sources
    .filter(({ path }) => isInTable(path))
    .flatMap(({ path, imports }) =>
      imports
        .filter(({ isRelative }) => isRelative)
        .filter(({ target, isTypeOnly }) => !mayImport(zoneOf(path), target, isTypeOnly))
        .map(({ target }) => `${path} imports ${target}`),
    )
  expect(faults).toEqual([])
})

test.each([
  ['db', 'functions/_shared/http/problems.ts', false],
  ['domain', 'functions/_shared/http/problems.ts', false],
  ['domain', 'db/client.ts', true],
  ['kit', 'domain/jobs/enqueue.ts', false],
  ['functions/users', 'functions/keys/queries.ts', false],
  ['functions/users', 'local-runtime/config.ts', false],
  ['functions/users', 'domain/audit/append.ts', true],
  ['local-runtime', 'functions/users/queries.ts', false],
  ['local-runtime', 'functions/users/jobs.ts', true],
  ['bench', 'db/client.ts', false],
  ['bench/queue', 'domain/jobs/queue.ts', true],
  ['bench/queue', 'functions/jobs/queries.ts', false],
])('the table lets %s import %s: %s', (from, target, isAllowed) => {
  expect(mayImport(from, target, false)).toBe(isAllowed)
})

test('the client takes only types of functions', () => {
  expect(mayImport('client', 'functions/users/index.ts', false)).toBe(false)
  expect(mayImport('client', 'functions/users/index.ts', true)).toBe(true)
})

test('the kit, the domain and all that a function reaches use web standards only', () => {
  const web = webStandardFiles(sources)
  expect(web.length).toBeGreaterThan(10)
  expect(web.flatMap((source) => hostUses(source).map((use) => `${source.path}: ${use}`))).toEqual(
    [],
  )
})

test('no function, domain or kit file starts a timer, reads a clock or draws randomness on load', () => {
  const faults = webStandardFiles(sources).flatMap((source) =>
    moduleScopeEffects(source).map((effect) => `${source.path}: ${effect}`),
  )
  expect(faults).toEqual([])
})

test('only a test file registers hooks and tests as it is loaded: its worker loads every other module once for all files', () => {
  const registers = /^(?:beforeAll|beforeEach|afterEach|afterAll|test|describe|vi)\b/m
  const faults = sources.filter(({ path, text, imports }) => {
    const isLoadedOnce = !/\.(?:test|long)\.ts$|\/file-setup\.ts$/.test(path)
    return isLoadedOnce && imports.some(({ target }) => target === 'vitest') && registers.test(text)
  })
  expect(faults.map(({ path }) => path)).toEqual([])
})

test('only the configuration reads the environment', () => {
  // drizzle.config.ts is loaded by drizzle-kit alone, which knows nothing of our configuration; a benchmark
  // stands outside of the product and hands its environment on to the stack that it starts.
  const readers = ['local-runtime/config.ts', 'drizzle.config.ts', 'vitest.config.ts']
  const faults = sources
    .filter(({ path }) => !isTest(path) && !readers.includes(path) && zoneOf(path) !== 'bench')
    .filter(readsEnvironment)
  expect(faults.map(({ path }) => path)).toEqual([])
})

test(`no file is longer than ${linesMax} lines`, () => {
  const long = filesEndingIn('ts', 'mjs', 'sh')
    .map((path) => ({ path, lines: readFileSync(path, 'utf8').trimEnd().split('\n').length }))
    .filter(({ lines }) => lines > linesMax)
  expect(long.map(({ path, lines }) => `${path}: ${lines}`)).toEqual([])
})

test('no folder has a name that says nothing', () => {
  const empty = /(^|\/)(utils|helpers|common|lib|types)\//
  expect(filesEndingIn('ts', 'mjs', 'sh').filter((path) => empty.test(path))).toEqual([])
})

test('nothing is left for later, left out of the suite, or excused without a reason', () => {
  // Put together here, so that this file does not name what it forbids.
  const forbidden = [
    new RegExp(`\\b(TO${'DO'}|FIX${'ME'}|XX${'X'})\\b`),
    new RegExp(`\\b(test|it|describe|suite)\\.(ski${'p'}|onl${'y'}|tod${'o'}|fail${'s'})\\b`),
    new RegExp(`@ts-(ignor${'e'}|nochec${'k'})`),
    new RegExp(`@ts-expect-erro${'r'}\\s*$`, 'm'),
    new RegExp(`biome-ignor${'e'} [^:]*:\\s*(<|$)`, 'm'),
  ]
  const faults = filesEndingIn('ts', 'mjs', 'sh', 'yml').flatMap((path) => {
    const text = readFileSync(path, 'utf8')
    return forbidden.filter((rule) => rule.test(text)).map((rule) => `${path}: ${rule.source}`)
  })
  expect(faults).toEqual([])
})

test('a function is a folder, one line in the registry and one in the Caddyfile', () => {
  const caddyfile = readFileSync('Caddyfile', 'utf8')
  const routed = [...caddyfile.matchAll(/^\timport function ([a-z0-9-]+) /gm)].map(
    ([, name]) => name,
  )
  expect(registry.map(({ name }) => name).sort()).toEqual(functionNames.toSorted())
  expect(routed.sort()).toEqual(functionNames.toSorted())
})

test('each function has its contract in index.ts and tests beside it', () => {
  for (const name of functionNames) {
    expect(existsSync(`functions/${name}/index.ts`), `functions/${name}/index.ts`).toBe(true)
    const tests = sources.filter(
      ({ path }) => path.startsWith(`functions/${name}/`) && isTest(path),
    )
    expect(tests.length, `tests of ${name}`).toBeGreaterThan(0)
  }
})

test('nothing but the registry, the client and tests knows a function, so that deleting one breaks nothing', () => {
  const importers = sources
    .filter(({ path }) => !isTest(path) && path !== 'local-runtime/registry.ts')
    .filter(({ path }) => zoneOf(path) !== 'client')
    .flatMap(({ path, imports }) =>
      imports
        .filter(({ target }) => zoneOf(target).startsWith('functions/'))
        .filter(({ target }) => zoneOf(target) !== zoneOf(path))
        .map(({ target }) => `${path} imports ${target}`),
    )
  expect(importers).toEqual([])
})
