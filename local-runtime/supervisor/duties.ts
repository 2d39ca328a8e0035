import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Log } from '../../functions/_shared/ports/log.ts'
import type { HostName, Manifest } from '../build.ts'
import { type Config, socketPath } from '../config.ts'
import type { IsolateSpec } from '../isolate.ts'
import { corsOriginsPattern, startCaddy } from '../services/caddy.ts'
import { startPostgres } from '../services/postgres.ts'
import type { OutputSink } from '../services/process.ts'
import { startRedis } from '../services/redis.ts'
import type { WorkerSpec } from '../worker/host.ts'
import { openEntered } from './entered.ts'
import type { Duty } from './keeper.ts'
import { startNodeChild } from './node-child.ts'
import { type FunctionSockets, versionOf } from './sockets.ts'

/** What one deployment runs with. */
export type Release = {
  config: Config
  manifest: Manifest
  /** Which functions share an isolate. */
  groups: readonly (readonly string[])[]
  /** For our own programs, which read their configuration themselves. */
  env: Record<string, string | undefined>
  log: Log
  sink: (name: string) => OutputSink
}

const mebibyte = 1024 ** 2
// Beside its JavaScript heap a process holds code, buffers and stacks.
const besideHeapBytes = 256 * mebibyte
const readyMs = 20_000
const relayHeapMb = 128
const beyondDrainMs = 2_000 // to close connections, and for a busy machine

/** Embedded Postgres; `null` where `DATABASE_URL` names another. */
export function postgresDuty({ config, sink }: Release): Duty | null {
  const { database, home, ports, checkout } = config
  if (!database.isEmbedded) return null
  const password = database.password === null ? {} : { password: database.password }
  return {
    role: 'postgres',
    name: 'postgres',
    version: versionOf(home, ports.postgres),
    overlap: false,
    start: () =>
      startPostgres({ home, port: ports.postgres, checkout, sink: sink('postgres'), ...password }),
  }
}

/** Our own Redis; `null` where `REDIS_URL` names another. */
export function redisDuty({ config, sink }: Release): Duty | null {
  const { redis, home, ports } = config
  if (!redis.isOwn) return null
  const { bytesMax } = redis
  const password = redis.password === null ? {} : { password: redis.password }
  return {
    role: 'redis',
    name: 'redis',
    version: versionOf(home, ports.redis, bytesMax),
    overlap: false,
    start: () =>
      startRedis({ home, port: ports.redis, bytesMax, sink: sink('redis'), ...password }),
  }
}

export function caddyDuty({ config, sink }: Release): Duty {
  const { home, bind, port, checkout } = config
  const caddyfile = join(checkout, 'Caddyfile')
  const env = caddyEnvironment(config)
  return {
    role: 'caddy',
    name: 'caddy',
    version: versionOf(env, existsSync(caddyfile) ? readFileSync(caddyfile, 'utf8') : ''),
    overlap: false,
    start: () => startCaddy({ home, caddyfile, env, bind, port, sink: sink('caddy') }),
  }
}

// Caddy's limits stand above those of the functions, whose refusals say more; these are the backstop.
function caddyEnvironment({ paths, bind, port, http }: Config): Record<string, string> {
  return {
    OCTAVO_RUN: paths.run,
    OCTAVO_BIND: bind,
    OCTAVO_PORT: String(port),
    BODY_BYTES_MAX: String(2 * http.jsonBytesMax),
    UPLOAD_BODY_BYTES_MAX: String(10 * http.uploadBytesMax),
    READ_BODY_TIMEOUT: `${Math.ceil(http.uploadTimeoutMs / 1000)}s`,
    RESPONSE_TIMEOUT: `${Math.ceil(http.requestTimeoutMs / 1000) + 5}s`,
    CORS_ORIGINS_PATTERN: corsOriginsPattern(http.corsOrigins),
  }
}

/** One of our programs that hosts no function: the relay or the worker. */
export function hostDuty(release: Release, host: 'relay' | 'worker'): Duty {
  const { config, manifest } = release
  const heapMb = host === 'relay' ? relayHeapMb : config.worker.memoryMb
  const args = host === 'worker' ? [JSON.stringify(workerSpec(release))] : []
  return {
    role: host,
    name: host,
    version: versionOf(manifest.hosts[host], args, config.fingerprint),
    // Two relays cannot hold one socket; two workers lease different jobs.
    overlap: host === 'worker',
    ...(host === 'worker' && { endMsMax: config.worker.drainMs + beyondDrainMs }),
    start: () => startNodeChild(nodeSpec(release, { host, name: host, heapMb, args })),
  }
}

function workerSpec({ config, manifest }: Release): WorkerSpec {
  return {
    programs: { extraction: join(manifest.directory, manifest.programs.extraction ?? '') },
    jobProgram: join(manifest.directory, manifest.hosts.job),
    compileCache: compileCache(config),
  }
}

const compileCache = ({ paths }: Config): string => join(paths.build, 'compile-cache')

/** What isolates share: the sockets, and which functions running ones have loaded at this moment. */
export type IsolateHosting = { sockets: FunctionSockets; loaded: () => ReadonlySet<string> }

/** One isolate: the process of a group of functions. What others serve already it must be able to load. */
export function isolateDuty(
  release: Release,
  group: readonly string[],
  hosting: IsolateHosting,
): Duty {
  const { config, manifest } = release
  const built = group.map((name) => manifest.functions[name] ?? '')
  const openapi = group.includes('docs') ? manifest.openapi : null
  const names = Object.keys(manifest.functions)
  return {
    role: 'isolate',
    name: group.join(','),
    version: versionOf(manifest.hosts.isolate, built, names, openapi, config.fingerprint),
    overlap: true,
    start: () => startIsolate(release, group, hosting),
  }
}

// Descriptors that a child inherits begin behind its standard streams and its channel.
const firstInheritedFd = 4

async function startIsolate(
  release: Release,
  group: readonly string[],
  { sockets, loaded }: IsolateHosting,
) {
  const { config, manifest } = release
  const entered = openEntered()
  const spec: IsolateSpec = {
    functions: group.map((name, index) => ({
      name,
      path: join(manifest.directory, manifest.functions[name] ?? `missing-${name}.mjs`),
      fd: firstInheritedFd + 1 + index,
    })),
    enteredFd: firstInheritedFd,
    functionNames: Object.keys(manifest.functions),
    openapiPath: manifest.openapi === null ? null : join(manifest.directory, manifest.openapi),
    mustLoad: group.filter((name) => loaded().has(name)),
  }
  const bound = group.map((name) => sockets.bind(name))
  const common = nodeSpec(release, {
    host: 'isolate',
    name: `isolate ${group.join(',')}`,
    heapMb: config.isolates.memoryMb,
    args: [JSON.stringify(spec)],
  })
  const child = await startNodeChild({
    ...common,
    inherited: [entered.fd, ...bound.map(({ fd }) => fd)],
    entered: { fd: entered.fd, functions: group },
  }).catch((err: unknown) => {
    entered.close()
    throw err
  })
  void child.exited.then(() => entered.close())
  return child
}

type NodeProgram = { host: HostName; name: string; heapMb: number; args: string[] }

function nodeSpec(release: Release, { host, name, heapMb, args }: NodeProgram) {
  const { config, manifest, env, log, sink } = release
  const { drainMs } = host === 'worker' ? config.worker : config.isolates
  return {
    program: process.execPath,
    args: [
      `--max-old-space-size=${heapMb}`,
      join(manifest.directory, manifest.hosts[host]),
      ...args,
    ],
    // From its first module on: `module.enableCompileCache()` comes after all of them were compiled.
    env: { ...env, NODE_COMPILE_CACHE: compileCache(config) },
    name,
    log,
    onOutput: sink(name.replace(/[ ,]/g, '-')),
    readyMs,
    stopMs: drainMs + beyondDrainMs,
    heartbeatMs: config.isolates.heartbeatMs,
    rssBytesMax: heapMb * mebibyte + besideHeapBytes,
  }
}

/** Where the relay takes lines. */
export const relaySocket = (config: Config): string => socketPath(config.paths.run, 'relay.sock')
