import { watch } from 'node:fs'
import { join } from 'node:path'
import { defineCommand } from 'citty'
import { type BuildContext, type BuildFailure, context, type Message } from 'esbuild'
import { type BuildInput, bundleOptions, type Manifest, writeOutputs } from '../build.ts'
import { type Config, environment, loadConfig, socketPath } from '../config.ts'
import { command } from '../supervisor/control-client.ts'
import { buildInput, documentBuild, readManifest, settleBuild } from './build-release.ts'
import { deployment, deployStack } from './deploy.ts'
import { orExplain, printStep } from './terminal.ts'

const watchedFolders = ['db', 'domain', 'functions', 'local-runtime', 'drizzle']
// Editors write a file in several steps, and a checkout many files.
const settleMs = 30

type Environment = Record<string, string | undefined>

/** The environment of a developer's stack: pages of any local port may call it. */
const devEnvironment = (env: Environment): Environment => ({
  ...env,
  CORS_ORIGINS: env.CORS_ORIGINS || '*localhost*',
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
  #builder: { context: BuildContext; input: BuildInput } | null = null
  #turn: Promise<void> = Promise.resolve()
  #settling: NodeJS.Timeout | undefined

  constructor(config: Config, env: Environment) {
    this.#config = config
    this.#env = env
  }

  async start(): Promise<void> {
    await this.#openBuilder()
    for (const folder of watchedFolders) {
      const path = join(this.#config.checkout, folder)
      watch(path, { recursive: true }, (_event, name) => {
        if (name && /\.(ts|sql|json)$/.test(name) && !/\.test\.ts$/.test(name)) this.#onChange()
      })
    }
  }

  #onChange(): void {
    clearTimeout(this.#settling)
    this.#settling = setTimeout(() => {
      this.#turn = this.#turn.then(() => this.#rebuild())
    }, settleMs)
  }

  /** A change that does not build, or does not start, is told; what ran before serves on. */
  async #rebuild(): Promise<void> {
    const startedAt = performance.now()
    try {
      const { context, input } = await this.#openBuilder()
      const { outputFiles = [] } = await context.rebuild()
      const built = await writeOutputs(input, outputFiles)
      const earlier = readManifest(this.#config)
      // First what was edited; the reference document takes a process of its own and follows.
      await this.#replace({ ...built, openapi: earlier?.openapi ?? null }, startedAt)
      const manifest = await documentBuild(this.#config, built)
      await this.#replace(manifest, startedAt)
      await settleBuild(this.#config, manifest)
    } catch (err) {
      printFailure(err)
    }
  }

  async #replace(manifest: Manifest, startedAt: number): Promise<void> {
    const { paths } = this.#config
    const body = deployment(this.#config, manifest, this.#env)
    await command(socketPath(paths.run, 'supervisor.sock'), '/replace', {
      body,
      onStep({ step, note }) {
        if (/replaced|started/.test(note))
          printStep({ step, note, ms: performance.now() - startedAt })
      },
    })
  }

  /** The builder of what there is now; another one when a function came or went. */
  async #openBuilder() {
    const input = buildInput(this.#config)
    const isSame = JSON.stringify(this.#builder?.input) === JSON.stringify(input)
    if (this.#builder && isSame) return this.#builder
    await this.#builder?.context.dispose()
    const builder = { context: await context(bundleOptions(input)), input }
    await builder.context.rebuild().catch(() => {})
    this.#builder = builder
    return builder
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
