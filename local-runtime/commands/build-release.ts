import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import {
  type BuildInput,
  buildAll,
  type Manifest,
  removeOldOutputs,
  writeOnce,
  writeSourceMaps,
} from '../build.ts'
import type { Config } from '../config.ts'
import { registry } from '../registry.ts'

const run = promisify(execFile)
const openapiTimeoutMs = 30_000
// What the task says of each such function.
const notLoaded = ' could not be loaded: '
const outputBytesMax = 32 * 1024 * 1024

const manifestPath = (config: Config): string => join(config.paths.build, 'manifest.json')

/** What to build for this stack. */
export function buildInput({ checkout, paths }: Config): BuildInput {
  const functions = Object.fromEntries(
    registry.map(({ name }) => [name, `functions/${name}/index.ts`]),
  )
  const programs = Object.fromEntries(
    registry.flatMap(({ name, programs = {} }) =>
      Object.entries(programs).map(([program, path]) => [program, `functions/${name}/${path}`]),
    ),
  )
  return { root: checkout, directory: paths.build, functions, programs }
}

/**
 * Builds everything and documents it.
 * @throws {Error} what does not build, with file and line
 */
export async function buildRelease(config: Config): Promise<Manifest> {
  return documentBuild(config, await buildAll(buildInput(config)))
}

export async function documentBuild(config: Config, built: Manifest): Promise<Manifest> {
  return { ...built, openapi: await writeOpenapi(config, built) }
}

/**
 * Notes that all of this build runs, and removes the files of builds before its predecessor. Never called for a build
 * that was refused: what still runs may have to be started again from its own files.
 */
export async function settleBuild(config: Config, manifest: Manifest): Promise<void> {
  const earlier = readManifest(config)
  await removeOldOutputs(manifest.directory, earlier ? [manifest, earlier] : [manifest])
  const unfinished = `${manifestPath(config)}.${process.pid}.tmp`
  await writeFile(unfinished, JSON.stringify(manifest, null, 2), { mode: 0o600 })
  await rename(unfinished, manifestPath(config))
}

export function readManifest(config: Config): Manifest | null {
  try {
    return JSON.parse(readFileSync(manifestPath(config), 'utf8')) as Manifest
  } catch {
    // None yet, or from another time: the next build writes it.
    return null
  }
}

// In a process of its own: functions are code that may do anything when it is loaded.
async function writeOpenapi(config: Config, built: Manifest): Promise<string | null> {
  const files = Object.values(built.functions)
  const known = readManifest(config)
  const hasDocument = known?.openapi && existsSync(join(built.directory, known.openapi))
  const earlier = hasDocument ? known.openapi : null
  if (known && earlier && sameFunctions(known, built)) return earlier
  const program = join(built.directory, built.hosts.tasks)
  const paths = files.map((file) => join(built.directory, file))
  const { stdout, stderr } = await run(process.execPath, [program, 'openapi', ...paths], {
    timeout: openapiTimeoutMs,
    maxBuffer: outputBytesMax,
  })
  const isLoaded = !stderr.includes(notLoaded)
  // Its isolate will say where it failed.
  if (!isLoaded) await writeSourceMaps(buildInput(config), built)
  // It would lack a function that serves on with its earlier code: then the earlier document is the true one.
  if (earlier && !isLoaded) return earlier
  const content = createHash('sha256').update(stdout).digest('hex').slice(0, 8)
  const name = `openapi-${content}.json`
  await writeOnce(join(built.directory, name), stdout)
  return name
}

const sameFunctions = (a: Manifest, b: Manifest): boolean =>
  JSON.stringify(a.functions) === JSON.stringify(b.functions)
