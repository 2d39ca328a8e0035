import { writeSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { pathToFileURL } from 'node:url'
import type { Deps } from '../functions/_shared/ports/deps.ts'
import { loadConfig } from './config.ts'
import { createDeps, type HostDeps } from './deps.ts'
import { ownProblem } from './isolate/problem.ts'
import { type Fetch, FunctionServer } from './isolate/server.ts'
import { reportToSupervisor } from './supervisor/channel.ts'

/** What the supervisor tells an isolate, as JSON in its first argument. */
export type IsolateSpec = {
  /** Built file and inherited socket of each function. */
  functions: { name: string; path: string; fd: number }[]
  /** One byte; see `supervisor/entered.ts`. */
  enteredFd: number
  /** The merged OpenAPI document. */
  openapiPath: string | null
  compileCache: string
}

type FunctionModule = { createApp: (deps: Deps) => { fetch: Fetch } }

// Ours is the backstop: the functions' own deadline comes first and its reply says more.
const backstopMs = 1_500

const spec = JSON.parse(process.argv[2] ?? '') as IsolateSpec
enableCompileCache(spec.compileCache)
const config = loadConfig()
const host = createDeps(config, { role: 'isolate', openapiPath: spec.openapiPath })
endOnSurprise(host)

const deadlines = {
  replyMs: config.http.requestTimeoutMs + backstopMs,
  bodyMs: config.http.uploadTimeoutMs,
}
const broken: string[] = []
const servers = await Promise.all(spec.functions.map(hostFunction))
reportToSupervisor({
  remark: broken.length === 0 ? null : `cannot be loaded and answer 503: ${broken.join(', ')}`,
  isDrained: async () => {
    await Promise.all(servers.map((server) => server.drain(config.isolates.drainMs)))
    await host.close()
  },
})

async function hostFunction(
  { name, path, fd }: IsolateSpec['functions'][number],
  index: number,
): Promise<FunctionServer> {
  const log = host.deps.log.with({ function: name })
  const fetch = await importFunction(name, path)
  const server = new FunctionServer({ fetch, log, deadlines, onEnter: noteEntered(index) })
  await server.listen({ fd })
  return server
}

/** A function that cannot be loaded takes down its own socket alone: it answers 503 there. */
async function importFunction(name: string, path: string): Promise<Fetch> {
  try {
    const { createApp } = (await import(pathToFileURL(path).href)) as FunctionModule
    const app = createApp(host.deps)
    return (request) => app.fetch(request)
  } catch (err) {
    broken.push(name)
    host.deps.log.error(
      `The function ${name} could not be loaded`,
      { function: name, code: 'load' },
      err,
    )
    return (request) => {
      const requestId = request.headers.get('x-request-id') ?? crypto.randomUUID()
      return ownProblem('unavailable', requestId, `The function ${name} could not be loaded.`)
    }
  }
}

let lastEntered = -1

/** Notes which function runs, where the supervisor can read it when nothing here can speak any more. */
function noteEntered(index: number): () => void {
  const byte = Uint8Array.of(index)
  return () => {
    if (lastEntered === index) return
    lastEntered = index
    writeSync(spec.enteredFd, byte, 0, 1, 0)
  }
}

/** Crash-only: what nobody expected is logged whole and ends the process; the supervisor starts another. */
function endOnSurprise({ deps, flush }: HostDeps): void {
  const end = (err: unknown) => {
    deps.log.error('The isolate met an unexpected error and ends', { code: 'crash' }, err)
    void flush(500).then(() => process.exit(1))
  }
  process.once('uncaughtException', end)
  process.once('unhandledRejection', end)
}
