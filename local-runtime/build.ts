import { existsSync, readFileSync } from 'node:fs'
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
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

export const hostNames = ['supervisor', 'isolate', 'worker', 'job', 'relay', 'tasks'] as const
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
const unbundled = /^(@hyzyla\/pdfium|pdfjs-dist|sharp|tesseract\.js|esbuild)(\/|$)/

export const checkoutRoot = fileURLToPath(new URL('..', import.meta.url))

/** Entry files of the programs that host functions, below the root. */
export const hostEntries: Record<HostName, string> = {
  supervisor: 'local-runtime/supervisor/main.ts',
  isolate: 'local-runtime/isolate.ts',
  worker: 'local-runtime/worker.ts',
  job: 'local-runtime/worker/job-child.ts',
  relay: 'local-runtime/relay.ts',
  tasks: 'local-runtime/tasks.ts',
}

/**
 * What is built, and linked, on its own. Whoever edits a function waits for `serving` alone: linking everything takes
 * half as long again.
 */
export const buildParts = ['serving', 'background'] as const
export type BuildPart = (typeof buildParts)[number]

type Entries = { hosts: readonly HostName[] } & Pick<BuildInput, 'functions' | 'programs'>

const entriesOf: Record<BuildPart, (input: BuildInput) => Entries> = {
  serving: ({ functions }) => ({ hosts: ['isolate', 'tasks'], functions, programs: {} }),
  background: ({ programs }) => ({
    hosts: ['supervisor', 'worker', 'job', 'relay'],
    functions: {},
    programs,
  }),
}

/**
 * Options that turn the functions and hosts of a part into one file each, beside the chunks they share.
 * Nothing is written by esbuild itself, so that a killed build leaves no half file.
 */
export function bundleOptions(input: BuildInput, part: BuildPart): BuildOptions & { write: false } {
  const { hosts, functions, programs } = entriesOf[part](input)
  const entries = (kind: string, paths: Record<string, string>) =>
    Object.entries(paths).map(([name, path]) => ({ in: path, out: `${kind}-${name}` }))
  return {
    absWorkingDir: input.root,
    entryPoints: [
      ...entries('host', Object.fromEntries(hosts.map((host) => [host, hostEntries[host]]))),
      ...entries('function', functions),
      ...entries('program', programs),
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
    // CommonJS packages inside the bundle still call `require` for Node's own modules.
    banner: {
      js: "import { createRequire as octavoRequire } from 'node:module'; const require = octavoRequire(import.meta.url);",
    },
    plugins: [leaveInNodeModules(input.root), keepSourceUrls(input.root)],
    logLevel: 'silent',
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
      // Synchronously: a rebuild asks for two hundred small files, and promises cost more than the reading.
      onLoad({ filter: /\.ts$/ }, ({ path }) => {
        if (!path.startsWith(root) || path.includes('/node_modules/')) return undefined
        const source = readFileSync(path, 'utf8')
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
  const [serving, background] = await Promise.all(
    buildParts.map((part) => build(bundleOptions(input, part))),
  )
  const outputs = await writePart(input, 'serving', serving?.outputFiles ?? [])
  const others = await writePart(input, 'background', background?.outputFiles ?? [])
  return joinParts(input, { ...outputs, openapi: null }, others)
}

/** File names of one part, as in {@link Manifest}. */
export type BuiltPart = {
  hosts: Partial<Record<HostName, string>>
  functions: Record<string, string>
  programs: Record<string, string>
  files: string[]
}

/** The manifest of two parts, whenever each of them was built. */
export function joinParts(
  { directory }: BuildInput,
  first: BuiltPart & Pick<Manifest, 'openapi'>,
  second: BuiltPart,
): Manifest {
  return {
    directory,
    hosts: { ...first.hosts, ...second.hosts } as Manifest['hosts'],
    functions: { ...first.functions, ...second.functions },
    programs: { ...first.programs, ...second.programs },
    openapi: first.openapi,
    files: [...new Set([...first.files, ...second.files])],
  }
}

/** Writes what is new of a part and names its entries. Files appear whole or not at all. */
export async function writePart(
  input: BuildInput,
  part: BuildPart,
  outputs: readonly OutputFile[],
): Promise<BuiltPart> {
  await mkdir(input.directory, { recursive: true, mode: 0o700 })
  await Promise.all(outputs.map((output) => writeOnce(output.path, output.contents)))
  const files = outputs.map(({ path }) => basename(path))
  const named = (kind: string, entries: readonly string[]) =>
    Object.fromEntries(
      entries.map((entry) => {
        const form = new RegExp(`^${kind}-${entry}-[A-Z0-9]{8}\\.mjs$`)
        const found = files.find((name) => form.test(name))
        if (found === undefined) throw new Error(`The build has no output for ${kind} ${entry}.`)
        return [entry, found]
      }),
    )
  const { hosts, functions, programs } = entriesOf[part](input)
  return {
    hosts: named('host', hosts),
    functions: named('function', Object.keys(functions)),
    programs: named('program', Object.keys(programs)),
    files,
  }
}

/**
 * Writes beside the file of each function where its lines stand in the source, for whoever must say where it failed.
 * Only then: maps make every build a quarter slower.
 */
export async function writeSourceMaps(input: BuildInput, { functions }: BuiltPart): Promise<void> {
  const options = { ...bundleOptions(input, 'serving'), sourcesContent: false }
  const { outputFiles } = await build({ ...options, sourcemap: 'external' })
  for (const [name, file] of Object.entries(functions)) {
    // Maps change the hash in a name and nothing inside the file.
    const form = new RegExp(`/function-${name}-[A-Z0-9]{8}\\.mjs\\.map$`)
    const map = outputFiles.find(({ path }) => form.test(path))
    if (map) await writeOnce(join(input.directory, `${file}.map`), map.contents)
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
    const isOutput = /\.(mjs|map|tmp)$|^openapi-.*\.json$/.test(name)
    if (isOutput && !needed.has(name.replace(/\.map$/, '')))
      await rm(join(directory, name), { force: true })
  }
}
