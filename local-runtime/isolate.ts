import { writeSync } from 'node:fs'
import { loadConfig } from './config.ts'
import { createDeps, type HostDeps } from './deps.ts'
import { type Loaded, loadFunction } from './isolate/loading.ts'
import { ownProblem } from './isolate/problem.ts'
import { type Fetch, FunctionServer } from './isolate/server.ts'
import { refuseToSupervisor, reportToSupervisor } from './supervisor/channel.ts'

/** What the supervisor tells an isolate, as JSON in its first argument. */
export type IsolateSpec = {
  /** Built file and inherited socket of each function. */
  functions: { name: string; path: string; fd: number }[]
  /** One byte; see `supervisor/entered.ts`. */
  enteredFd: number
  /** Of all functions, those of other isolates too. */
  functionNames: string[]
  /** The merged OpenAPI document. */
  openapiPath: string | null
  /** Those that a running isolate serves: it steps back rather than replace one of them by a refusal. */
  mustLoad?: readonly string[]
}

// Ours is the backstop: the functions' own deadline comes first and its reply says more.
const backstopMs = 1_500
const logFlushMs = 500

const spec = JSON.parse(process.argv[2] ?? '') as IsolateSpec
const config = loadConfig()
const host = createDeps(config, {
  role: 'isolate',
  openapiPath: spec.openapiPath,
  functionNames: spec.functionNames,
})
endOnSurprise(host)

const deadlines = {
  replyMs: config.http.requestTimeoutMs + backstopMs,
  bodyMs: config.http.uploadTimeoutMs,
}
let lastEntered = -1

const secrets = [config.database.password, config.redis.password, config.appSecret]
const reasonOptions = {
  checkout: config.checkout,
  secrets: secrets.flatMap((secret) => (secret === null ? [] : [secret.reveal()])),
}
const loaded = await Promise.all(
  spec.functions.map((entry) => loadFunction(entry, host.deps, reasonOptions)),
)
const broken = loaded.filter((result) => 'reason' in result)
for (const { name, err } of broken) {
  const fields = { function: name, code: 'load' }
  host.deps.log.error(`The function ${name} could not be loaded`, fields, err)
}
const regressed = broken.filter(({ name }) => spec.mustLoad?.includes(name))
if (regressed.length > 0) await refuse()
else await serve()

/** Before any socket is listened at: not one request sees code that cannot be loaded. */
async function refuse(): Promise<void> {
  await host.flush(logFlushMs)
  const reasons = regressed.map(({ name, reason }) => `${name} cannot be loaded: ${reason}`)
  refuseToSupervisor(reasons.join('; '))
}

async function serve(): Promise<void> {
  const servers = await Promise.all(loaded.map(hostFunction))
  const reasons = broken.map(({ name, reason }) => `${name} (${reason})`)
  reportToSupervisor({
    remark: reasons.length === 0 ? null : `cannot be loaded and answer 503: ${reasons.join(', ')}`,
    loaded: loaded.filter((result) => 'fetch' in result).map(({ name }) => name),
    isDrained: async () => {
      await Promise.all(servers.map((server) => server.drain(config.isolates.drainMs)))
      await host.close()
    },
  })
}

/** A function that cannot be loaded takes down its own socket alone: it answers 503 there. */
async function hostFunction(result: Loaded, index: number): Promise<FunctionServer> {
  const log = host.deps.log.with({ function: result.name })
  const fetch = 'fetch' in result ? result.fetch : refuseRequests(result.name)
  const server = new FunctionServer({ fetch, log, deadlines, onEnter: noteEntered(index) })
  await server.listen({ fd: spec.functions[index]?.fd ?? -1 })
  return server
}

function refuseRequests(name: string): Fetch {
  return (request) => {
    const requestId = request.headers.get('x-request-id') ?? crypto.randomUUID()
    return ownProblem('unavailable', requestId, `The function ${name} could not be loaded.`)
  }
}

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
