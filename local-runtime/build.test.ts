import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { buildAll, checkoutRoot, type Manifest, removeOldOutputs } from './build.ts'

const root = mkdtempSync(join(tmpdir(), 'octavo-build-'))
for (const folder of ['db', 'domain', 'drizzle', 'functions', 'local-runtime', 'package.json'])
  cpSync(join(checkoutRoot, folder), join(root, folder), { recursive: true })
symlinkSync(join(checkoutRoot, 'node_modules'), join(root, 'node_modules'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const functions = { health: 'functions/health/index.ts', users: 'functions/users/index.ts' }
const directory = join(root, 'out')
const build = () => buildAll({ root, directory, functions, programs: {} })

function append(path: string, text: string): void {
  writeFileSync(join(root, path), readFileSync(join(root, path), 'utf8') + text)
}

const names = ({ hosts, functions }: Manifest): Record<string, string> => ({
  ...hosts,
  ...functions,
})

test('a changed function is another file, and everything else stays what it was', async () => {
  const before = names(await build())
  expect(names(await build())).toEqual(before)
  append('functions/users/index.ts', "\nexport const changed = 'by a test'\n")
  const after = names(await build())
  expect(after.users).not.toBe(before.users)
  expect({ ...after, users: '' }).toEqual({ ...before, users: '' })
})

test('a change of the kit reaches every function', async () => {
  const before = names(await build())
  append(
    'functions/_shared/http/app.ts',
    "\nObject.assign(FunctionApp, { changed: 'by a test' })\n",
  )
  const after = names(await build())
  expect(after.users).not.toBe(before.users)
  expect(after.health).not.toBe(before.health)
  expect(after.supervisor).toBe(before.supervisor)
})

test('what does not build says where, and writes nothing', async () => {
  const { files } = await build()
  const before = readdirSync(directory)
  expect(before).toEqual(expect.arrayContaining(files))
  append('functions/health/index.ts', '\nconst = 1\n')
  await expect(build()).rejects.toThrow(/functions\/health\/index\.ts:\d+:\d+/)
  expect(readdirSync(directory)).toEqual(before)
})

test('files of earlier builds are removed, those of the kept ones are not', async () => {
  const kept: Manifest = {
    directory,
    hosts: {} as Manifest['hosts'],
    functions: {},
    programs: {},
    openapi: 'openapi-1.json',
    files: ['kept.mjs'],
  }
  for (const name of ['kept.mjs', 'old.mjs', 'openapi-1.json', 'openapi-2.json', 'manifest.json'])
    writeFileSync(join(directory, name), '')
  await removeOldOutputs(directory, [kept])
  expect(readdirSync(directory).sort()).toEqual(['kept.mjs', 'manifest.json', 'openapi-1.json'])
})
