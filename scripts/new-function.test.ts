import { execFile } from 'node:child_process'
import { cp, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'

const run = promisify(execFile)
const notCopied = ['node_modules', '.git', '.local', '.cache', 'dist']
const [registry, caddyfile] = ['local-runtime/registry.ts', 'Caddyfile']

let copy: string

// All of it runs in a copy of the checkout, as `npm run new:function` would in a clone.
beforeAll(async () => {
  copy = await mkdtemp(join(tmpdir(), 'octavo-new-function-'))
  for (const name of await readdir('.')) {
    if (!notCopied.includes(name)) await cp(name, join(copy, name), { recursive: true })
  }
  await symlink(resolve('node_modules'), join(copy, 'node_modules'))
})

afterAll(() => rm(copy, { recursive: true, force: true }))

const inCopy = (program: string, ...args: string[]) =>
  run(program, args, {
    cwd: copy,
    env: { ...process.env, DATABASE_URL: inject('adminUrl'), CI: 'true' },
  })
const newFunction = (name: string) => inCopy(process.execPath, 'scripts/new-function.ts', name)
const vitest = resolve('node_modules/vitest/vitest.mjs')

/** The compiler's output. Faults elsewhere in the tree are not this test's: `npm run check` shows them. */
async function typeFaults(): Promise<string> {
  const outcome = await inCopy(resolve('node_modules/.bin/tsc'), '--noEmit').catch((err) => err)
  return outcome.stdout
}

test('a new function compiles, passes its test and its style, and is known in two lines', async () => {
  const before = await Promise.all([registry, caddyfile].map((path) => readFile(path, 'utf8')))
  await newFunction('price-lists')
  await inCopy(resolve('node_modules/.bin/biome'), 'check', 'functions/price-lists', registry)
  expect(await typeFaults()).not.toContain('price-lists')
  // Without the cache in node_modules: it is shared, and the copy's younger patches/ would have it emptied.
  const args = [vitest, 'run', '--fsModuleCache=false', 'functions/price-lists']
  const { stdout } = await inCopy(process.execPath, ...args)
  expect(stdout).toMatch(/^2 passed, 0 failed, 0 skipped$/m)

  const lines = ["  { name: 'price-lists' },\n"]
  lines.push('\timport function price-lists {$BODY_BYTES_MAX:2MiB}\n')
  const after = await Promise.all(
    [registry, caddyfile].map((path) => readFile(join(copy, path), 'utf8')),
  )
  // Taking the two lines out again gives the files of before: deleting a function is as easy.
  expect(after.map((text, i) => text.replace(lines[i] ?? '', ''))).toEqual(before)
  expect(after).not.toEqual(before)
}, 120_000)

test.each([
  ['Prices', /usage: npm run new:function/],
  ['../prices', /usage: npm run new:function/],
  ['_shared', /usage: npm run new:function/],
  ['users', /functions\/users exists already/],
])('the name %s is refused and nothing is written', async (name, message) => {
  const before = await readFile(join(copy, registry), 'utf8')
  await expect(newFunction(name)).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(message),
  })
  expect(await readFile(join(copy, registry), 'utf8')).toBe(before)
})
