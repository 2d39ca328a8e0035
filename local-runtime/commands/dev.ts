import { join } from 'node:path'
import { defineCommand } from 'citty'
import { type BuildFailure, context, type Message } from 'esbuild'
import {
  type BuildInput,
  type BuildPart,
  type BuiltPart,
  bundleOptions,
  joinParts,
  type Manifest,
  writePart,
  writeSourceMaps,
} from '../build.ts'
import { type Config, environment, loadConfig, socketPath } from '../config.ts'
import { command } from '../supervisor/control-client.ts'
import { buildInput, documentBuild, readManifest, settleBuild } from './build-release.ts'
import { deployment, deployStack } from './deploy.ts'
import { orExplain } from './terminal.ts'
import { watchFolders } from './watch-folders.ts'

const watchedFolders = ['db', 'domain', 'functions', 'local-runtime', 'drizzle']
// Editors write a file in several steps, and a checkout many files; a build that came too early is followed by another.
const settleMs = 10
// Who edits on within this time does not wait for the reference document.
const quietMs = 1_000

type Environment = Record<string, string | undefined>

/** The environment of a developer's stack: pages of any local port may call it. */
const devEnvironment = (env: Environment): Environment => ({
  ...env,
  CORS_ORIGINS: env.CORS_ORIGINS || '*localhost*',
  // `npm run dev` sets it for esbuild's garbage collector; Caddy is no business of it.
  GOGC: undefined,
})

export const dev = defineCommand({
  meta: { name: 'dev', description: 'Run the stack and replace what changes while you edit' },
  run: () =>
    orExplain(async () => {
      const env = devEnvironment(environment())
      const config = loadConfig(env)
      await deployStack(config, env)
      const development = new Development(config, env)
      await development.start()
      console.log(`\n${config.baseUrl} serves; watching. Ctrl-C leaves the stack running.`)
    }),
})

/** Builds on every change and has the supervisor replace what came out different. */
class Development {
  readonly #config: Config
  readonly #env: Environment
  #builder: Builder | null = null
  #turn: Promise<void> = Promise.resolve()
  #settling: NodeJS.Timeout | undefined
  #following: NodeJS.Timeout | undefined
  /** Of the first change that no build has seen yet. */
  #changedAt: number | null = null

  constructor(config: Config, env: Environment) {
    this.#config = config
    this.#env = env
  }

  async start(): Promise<void> {
    await this.#openBuilder()
    const folders = watchedFolders.map((folder) => join(this.#config.checkout, folder))
    watchFolders(folders, (path) => {
      if (/\.(ts|sql|json)$/.test(path) && !/\.test\.ts$/.test(path)) this.#onChange()
    })
  }

  #onChange(): void {
    this.#changedAt ??= performance.now()
    clearTimeout(this.#settling)
    clearTimeout(this.#following)
    this.#settling = setTimeout(() => this.#inTurn(() => this.#rebuild()), settleMs)
  }

  /** A change that does not build, cannot be loaded or does not start is told; what ran before serves on. */
  #inTurn(work: () => Promise<void>): void {
    this.#turn = this.#turn.then(work).catch(printFailure)
  }

  /** First the functions, for which somebody waits; then the worker. */
  async #rebuild(): Promise<void> {
    const startedAt = this.#changedAt ?? performance.now()
    this.#changedAt = null
    const builder = await this.#openBuilder()
    const openapi = readManifest(this.#config)?.openapi ?? null
    const serving = { ...(await builder.build('serving')), openapi }
    const edited = joinParts(builder.input, serving, builder.background)
    await this.#replace(edited, startedAt).catch(async () => {
      // Once more, with what it takes to say where in the source it failed.
      await writeSourceMaps(builder.input, serving)
      await this.#replace(edited, startedAt)
    })
    builder.background = await builder.build('background')
    const manifest = joinParts(builder.input, serving, builder.background)
    await this.#replace(manifest, startedAt)
    if (this.#changedAt !== null) return
    this.#following = setTimeout(() => this.#inTurn(() => this.#follow(manifest)), quietMs)
  }

  /** The reference document takes a process of its own, and the processor from whoever edits on. */
  async #follow(built: Manifest): Promise<void> {
    const startedAt = performance.now()
    const manifest = await documentBuild(this.#config, built)
    await this.#replace(manifest, startedAt)
    await settleBuild(this.#config, manifest)
  }

  async #replace(manifest: Manifest, startedAt: number): Promise<void> {
    const { paths } = this.#config
    const body = deployment(this.#config, manifest, this.#env)
    await command(socketPath(paths.run, 'supervisor.sock'), '/replace', {
      body,
      onStep({ changed = [] }) {
        const ms = Math.round(performance.now() - startedAt)
        if (changed.length > 0) console.log(`replaced ${changed.join(' and ')} in ${ms} ms`)
      },
    })
  }

  /** The builder of what there is now; another one when a function came or went. */
  async #openBuilder(): Promise<Builder> {
    const input = buildInput(this.#config)
    const isSame = JSON.stringify(this.#builder?.input) === JSON.stringify(input)
    if (this.#builder && isSame) return this.#builder
    await this.#builder?.close()
    this.#builder = await openBuilder(input)
    return this.#builder
  }
}

type Builder = {
  input: BuildInput
  /** What runs of the part that is built last. */
  background: BuiltPart
  build(part: BuildPart): Promise<BuiltPart>
  close(): Promise<void>
}

/** Keeps what was parsed, so that a change costs the linking alone. @throws the errors of esbuild */
async function openBuilder(input: BuildInput): Promise<Builder> {
  const contexts = {
    serving: await context(bundleOptions(input, 'serving')),
    background: await context(bundleOptions(input, 'background')),
  }
  const build = async (part: BuildPart) => {
    const { outputFiles } = await contexts[part].rebuild()
    return writePart(input, part, outputFiles)
  }
  const close = async () => {
    await Promise.all([contexts.serving.dispose(), contexts.background.dispose()])
  }
  try {
    await build('serving')
    return { input, build, close, background: await build('background') }
  } catch (err) {
    await close()
    throw err
  }
}

function printFailure(err: unknown): void {
  const { errors } = err as Partial<BuildFailure>
  if (errors === undefined)
    console.error(`not replaced: ${err instanceof Error ? err.message : err}`)
  else for (const error of errors) console.error(place(error))
  console.error('What ran before serves on.')
}

const place = ({ text, location }: Message): string =>
  location ? `${location.file}:${location.line}:${location.column + 1} ${text}` : text
