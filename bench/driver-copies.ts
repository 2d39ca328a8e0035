import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const require = createRequire(import.meta.url)

export type DriverCopy = { entry: string; remove(): Promise<void> }

/** The installed driver, with our patch. */
export const patchedEntry = pathToFileURL(join(root, 'node_modules/postgres/src/index.js')).href

/** A copy of the driver as its author published it: the installed one with our patch taken back. */
export async function unpatchedDriver(): Promise<DriverCopy> {
  const { parsePatchFile } = require('patch-package/dist/patch/parse.js')
  const { reversePatch } = require('patch-package/dist/patch/reverse.js')
  const { executeEffects } = require('patch-package/dist/patch/apply.js')
  const folder = await mkdtemp(join(tmpdir(), 'octavo-driver-'))
  const copy = join(folder, 'node_modules/postgres')
  await cp(join(root, 'node_modules/postgres'), copy, { recursive: true })
  const patch = await readFile(join(root, 'patches/postgres+3.4.9.patch'), 'utf8')
  executeEffects(reversePatch(parsePatchFile(patch)), {
    dryRun: false,
    bestEffort: false,
    cwd: folder,
  })
  return {
    entry: pathToFileURL(join(copy, 'src/index.js')).href,
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}
