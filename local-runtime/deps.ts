import { readFile } from 'node:fs/promises'
import { type Database, openDatabase } from '../db/client.ts'
import type { Deps } from '../functions/_shared/ports/deps.ts'
import { type Config, socketPath } from './config.ts'
import { openLog } from './log.ts'
import { openRedis } from './redis-port.ts'
import { newReference } from './reference.ts'
import { openStorage } from './storage-choice.ts'

export type HostOptions = {
  role: 'isolate' | 'worker' | 'tasks'
  /** The merged OpenAPI document as a file; `null` where no function serves it. */
  openapiPath?: string | null
  /** Of all functions, also those in other processes; none by default. */
  functionNames?: readonly string[]
  /** Connections at once; the configured number by default. */
  poolMax?: number
  /** Where log lines go; 1 (standard output) by default, 2 where output is for a program. */
  logFd?: number
}

/** Everything that a host gives to its functions, and how to let go of it. */
export type HostDeps = {
  deps: Deps
  database: Database
  flush(waitMs: number): Promise<void>
  close(): Promise<void>
}

const sourceOfRole = { isolate: 'function', worker: 'worker', tasks: 'supervisor' } as const

/** Composes what functions may use, from the configuration alone. Nothing connects before it is used. */
export function createDeps(config: Config, options: HostOptions): HostDeps {
  const relaySocket = socketPath(config.paths.run, 'relay.sock')
  const { log, flush } = openLog({
    level: config.logLevel,
    source: sourceOfRole[options.role],
    relaySocket,
    out: options.logFd ?? 1,
  })
  const database = openDatabase({
    ...databaseAddress(config),
    poolMax: options.poolMax ?? config.database.poolMax,
    prepare: config.database.prepare,
    statementTimeoutMs: config.database.statementTimeoutMs,
    connectTimeoutMs: config.database.connectTimeoutMs,
    applicationName: `octavo-${options.role}`,
    ...(config.database.debugSql ? { logSql: (text) => log.info('sql', { text }) } : {}),
  })
  const redis = openRedis({
    url: config.redis.url,
    password: config.redis.password?.reveal() ?? null,
    commandTimeoutMs: config.redis.commandTimeoutMs,
    limits: config.limits,
    relaySocket,
  })
  const deps: Deps = {
    db: database.db,
    redis: redis.port,
    storage: openStorage(config),
    log,
    now: () => new Date(),
    config: functionConfig(config, options),
  }
  return {
    deps,
    database,
    flush,
    close: async () => {
      await database.close()
      redis.close()
      await flush(500)
    },
  }
}

/** What functions may know of the configuration. */
const functionConfig = (
  { version, http, appSecret, checkout, paths }: Config,
  { functionNames = [], openapiPath = null }: HostOptions,
): Deps['config'] =>
  Object.freeze({
    version,
    functionNames,
    corsOrigins: http.corsOrigins,
    jsonBytesMax: http.jsonBytesMax,
    uploadBytesMax: http.uploadBytesMax,
    artifactBytesMax: http.artifactBytesMax,
    requestTimeoutMs: http.requestTimeoutMs,
    duplicatePolicy: http.duplicatePolicy,
    webhooksAllowPrivate: http.webhooksAllowPrivate,
    conferencesAllowPrivate: http.conferencesAllowPrivate,
    secret: appSecret.bytes32(),
    reference: newReference({
      openapi: () => readReference(openapiPath),
      checkout,
      run: paths.run,
    }),
  })

/** Address and credential of the database, as the drivers take them. */
export function databaseAddress({ database }: Config): { url: string; password?: string } {
  const { url, password } = database
  return password === null ? { url } : { url, password: password.reveal() }
}

async function readReference(path: string | null): Promise<string> {
  if (path === null) throw new Error('This process was started without the reference document.')
  return readFile(path, 'utf8')
}
