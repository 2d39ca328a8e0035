import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { type BuildOptions, build, type OutputFile, type Plugin } from 'esbuild'

/**
 * What one build made. Values are file names inside `directory`, each with a hash of everything it loads:
 * two equal names are the same program.
 */
export type Manifest = {
  directory: string
  hosts: Record<HostName, string>
  functions: Record<string, string>
  programs: Record<string, string>
  /** The merged OpenAPI document; `null` until {@link writeManifest} got one. */
  openapi: string | null
  /** Every output, chunks too. */
  files: string[]
}

export const hostNames = ['supervisor', 'isolate', 'worker', 'relay', 'tasks'] as const
export type HostName = (typeof hostNames)[number]

export type BuildInput = {
  /** Where the source lies. */
  root: string
  directory: string
  /** Path of each function's entry below `root`, by name. */
  functions: Record<string, string>
  /** Programs that jobs run as child processes, likewise. */
  programs: Record<string, string>
}

// They find files of their own beside themselves (WASM, workers, binaries): loaded from node_modules as they are.
const unbundled = /^(@hyzyla\/pdfium|pdfjs-dist|esbuild)(\/|$)/

export const checkoutRoot = fileURLToPath(new URL('..', import.meta.url))

/** Entry files of the programs that host functions, below the root. */
export const hostEntries: Record<HostName, string> = {
  supervisor: 'local-runtime/supervisor/main.ts',
  isolate: 'local-runtime/isolate.ts',
  worker: 'local-runtime/worker.ts',
  relay: 'local-runtime/relay.ts',
  tasks: 'local-runtime/tasks.ts',
}

/**
 * Options that turn functions and hosts into one file each, beside the chunks they share.
 * Nothing is written by esbuild itself, so that a killed build leaves no half file.
 */
export function bundleOptions(input: BuildInput): BuildOptions & { write: false; metafile: true } {
  const entries = (kind: string, paths: Record<string, string>) =>
    Object.entries(paths).map(([name, path]) => ({ in: path, out: `${kind}-${name}` }))
  return {
    absWorkingDir: input.root,
    entryPoints: [
      ...entries('host', hostEntries),
      ...entries('function', input.functions),
      ...entries('program', input.programs),
    ],
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    outdir: input.directory,
    entryNames: '[name]-[hash]',
    chunkNames: 'shared-[hash]',
    outExtension: { '.js': '.mjs' },
    // Files beside the outputs, read only to say where in the source a function failed.
    sourcemap: 'external',
    sourcesContent: false,
    // CommonJS packages inside the bundle still call `require` for Node's own modules.
    banner: {
      js: "import { createRequire as octavoRequire } from 'node:module'; const require = octavoRequire(import.meta.url);",
    },
    plugins: [leaveInNodeModules(input.root), keepSourceUrls(input.root)],
    logLevel: 'silent',
    metafile: true,
    write: false,
  }
}

/** Imports of {@link unbundled} become absolute paths: a build lies anywhere, not below node_modules. */
function leaveInNodeModules(root: string): Plugin {
  return {
    name: 'leave-in-node-modules',
    setup({ onResolve, resolve }) {
      onResolve({ filter: unbundled }, async ({ path, kind, pluginData }) => {
        if (pluginData === 'resolved') return undefined
        const found = await resolve(path, { kind, resolveDir: root, pluginData: 'resolved' })
        return found.errors.length > 0 ? found : { path: found.path, external: true }
      })
    },
  }
}

/** `import.meta.url` of our own modules stays what it is in the source: files beside them are found from a build too. */
function keepSourceUrls(root: string): Plugin {
  return {
    name: 'keep-source-urls',
    setup({ onLoad }) {
      onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        if (!path.startsWith(root) || path.includes('/node_modules/')) return undefined
        const source = await readFile(path, 'utf8')
        if (!source.includes('import.meta.url')) return undefined
        const url = JSON.stringify(pathToFileURL(path).href)
        return { contents: source.replaceAll('import.meta.url', url), loader: 'ts' }
      })
    },
  }
}

/**
 * Builds everything once.
 * @throws the errors of esbuild, with file, line and text, when something does not build
 */
export async function buildAll(input: BuildInput): Promise<Manifest> {
  const { outputFiles } = await build(bundleOptions(input))
  return writeOutputs(input, outputFiles)
}

/** Writes what is new of a build and names its entries. Files appear whole or not at all. */
export async function writeOutputs(input: BuildInput, files: OutputFile[]): Promise<Manifest> {
  await mkdir(input.directory, { recursive: true, mode: 0o700 })
  await Promise.all(files.map((file) => writeOnce(file.path, file.contents)))
  const names = files.map((file) => basename(file.path))
  const named = (kind: string, entries: readonly string[]) =>
    Object.fromEntries(
      entries.map((entry) => {
        const form = new RegExp(`^${kind}-${entry}-[A-Z0-9]{8}\\.mjs$`)
        const found = names.find((name) => form.test(name))
        if (found === undefined) throw new Error(`The build has no output for ${kind} ${entry}.`)
        return [entry, found]
      }),
    )
  return {
    directory: input.directory,
    hosts: named('host', hostNames) as Manifest['hosts'],
    functions: named('function', Object.keys(input.functions)),
    programs: named('program', Object.keys(input.programs)),
    openapi: null,
    files: names,
  }
}

/** The name carries a hash of the content, so an existing file is already right. */
export async function writeOnce(path: string, contents: Uint8Array | string): Promise<void> {
  if (existsSync(path)) return
  const unfinished = `${path}.${process.pid}.tmp`
  await writeFile(unfinished, contents, { mode: 0o600 })
  await rename(unfinished, path)
}

/** Removes outputs that neither of these builds needs; the earlier one may still be running and loading. */
export async function removeOldOutputs(
  directory: string,
  kept: readonly Manifest[],
): Promise<void> {
  const needed = new Set(kept.flatMap(({ files, openapi }) => [...files, openapi]))
  for (const name of await readdir(directory)) {
    if (/\.(mjs|map|tmp)$|^openapi-.*\.json$/.test(name) && !needed.has(name))
      await rm(join(directory, name), { force: true })
  }
}
