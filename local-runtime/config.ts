import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type * as z from 'zod'
import { appSecretFault, credentialReader } from './config/credentials.ts'
import { describeSettings } from './config/description.ts'
import { ConfigFault, type Fault } from './config/faults.ts'
import { ensureFolders, socketPath, stackPaths, stackPorts } from './config/folders.ts'
import { ensureSecretFile, Secret } from './config/secrets.ts'
import { Settings, settingDocuments } from './config/settings.ts'
import { envFileOf, readSources, type Sources } from './config/sources.ts'

export { describeConfig } from './config/description.ts'
export { ConfigFault } from './config/faults.ts'
export { ensureFolders, socketPath, stackPaths, stackPorts } from './config/folders.ts'
export { ensureSecretFile, Secret } from './config/secrets.ts'

/** Everything that a process of Octavo knows of its surroundings. Deeply frozen. */
export type Config = ReturnType<typeof buildConfig>

type Environment = Record<string, string | undefined>
type LoadOptions = {
  checkout?: string // default: the folder above that holds Octavo's package.json
  envFile?: string | null // default: <checkout>/.env; null reads none
}

/**
 * Reads the configuration from the environment, `.env` below it, and secret files. Writes nothing:
 * generated secrets are read when they are asked for, see {@link prepareHome}.
 * @throws {ConfigFault} names every fault at once: variable, source, fix; never a secret's value
 */
export function loadConfig(env: Environment = process.env, options: LoadOptions = {}): Config {
  const checkout = options.checkout ?? findCheckout(env)
  const envFile = options.envFile === undefined ? envFileOf(checkout) : options.envFile
  const sources = readSources(env, envFile)
  const parsed = Settings.safeParse(sources.values)
  const credentials = credentialReader(sources, checkout)
  const given = {
    app: credentials.given('OCTAVO_SECRET'),
    database: credentials.given('DATABASE_PASSWORD'),
    redis: credentials.given('REDIS_PASSWORD'),
    databaseAddress: credentials.address('DATABASE_URL'),
    redisAddress: credentials.address('REDIS_URL'),
  }
  const secretFault = appSecretFault(given.app, sources)
  const faults = [...credentials.faults, ...(secretFault === null ? [] : [secretFault])]
  if (!parsed.success) faults.unshift(...schemaFaults(parsed.error, sources))
  if (!parsed.success || faults.length > 0) throw new ConfigFault(faults)
  return deepFreeze(buildConfig(parsed.data, given, { checkout, sources }))
}

/** Makes the stack's folders and generates the secrets that nobody gave. Safe to call at any time, by several at once. */
export function prepareHome(config: Config): void {
  ensureFolders(config.home, config.sourceOf('OCTAVO_HOME'))
  const { appSecret, databasePassword, redisPassword } = config.paths
  for (const secret of [config.appSecret, config.database.password, config.redis.password]) {
    if (secret?.file == null) continue
    if ([appSecret, databasePassword, redisPassword].includes(secret.file))
      ensureSecretFile(secret.file)
  }
}

/**
 * The part of the surroundings that programs of others need (search path, language, time zone, proxies), and no secret.
 * Services get this and not `process.env`.
 */
export function systemEnvironment(env: Environment = process.env): Record<string, string> {
  const wanted = /^(PATH|LANG|LC_.*|TZ|HOME|USER|TMPDIR|APT_CONFIG|(https?|ftp|no|all)_proxy)$/i
  const entries = Object.entries(env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && wanted.test(entry[0]),
  )
  return { PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', ...Object.fromEntries(entries) }
}

type Given = {
  app: Secret | null
  database: Secret | null
  redis: Secret | null
  databaseAddress: { url: string; password: Secret | null } | null
  redisAddress: { url: string; password: Secret | null } | null
}

function buildConfig(s: Settings, given: Given, where: { checkout: string; sources: Sources }) {
  const { checkout, sources } = where
  const home = resolve(checkout, s.OCTAVO_HOME)
  const paths = stackPaths(home)
  const ports = stackPorts(s.OCTAVO_PORT)
  const { databaseAddress, redisAddress } = given
  return {
    version: versionOf(checkout),
    checkout,
    home,
    paths,
    ports,
    bind: s.OCTAVO_BIND,
    port: s.OCTAVO_PORT,
    baseUrl: baseUrl(s.OCTAVO_BIND, s.OCTAVO_PORT),
    logLevel: s.LOG_LEVEL,
    logFiles: { bytesMax: s.OCTAVO_LOG_FILE_BYTES_MAX, filesMax: s.OCTAVO_LOG_FILES_MAX },
    appSecret: given.app ?? Secret.ofFile(paths.appSecret),
    database: {
      isEmbedded: databaseAddress === null,
      url: databaseAddress?.url ?? `postgres://app_user@127.0.0.1:${ports.postgres}/app_db`,
      password:
        databaseAddress === null
          ? (given.database ?? Secret.ofFile(paths.databasePassword))
          : (given.database ?? databaseAddress.password),
      socket: databaseAddress === null ? socketPath(paths.run, `.s.PGSQL.${ports.postgres}`) : null,
      poolMax: s.DATABASE_POOL_MAX,
      prepare: s.DATABASE_PREPARE,
      statementTimeoutMs: s.DATABASE_STATEMENT_TIMEOUT_MS,
      connectTimeoutMs: s.DATABASE_CONNECT_TIMEOUT_MS,
      debugSql: s.DEBUG_SQL,
    },
    redis: {
      isOwn: redisAddress === null,
      url: redisAddress?.url ?? `redis://127.0.0.1:${ports.redis}`,
      password:
        redisAddress === null
          ? (given.redis ?? Secret.ofFile(paths.redisPassword))
          : (given.redis ?? redisAddress.password),
      socket: redisAddress === null ? socketPath(paths.run, 'redis.sock') : null,
      bytesMax: s.REDIS_BYTES_MAX,
      commandTimeoutMs: s.REDIS_COMMAND_TIMEOUT_MS,
    },
    http: {
      corsOrigins: s.CORS_ORIGINS,
      uploadBytesMax: s.UPLOAD_BYTES_MAX,
      jsonBytesMax: s.JSON_BYTES_MAX,
      requestTimeoutMs: s.REQUEST_TIMEOUT_MS,
      uploadTimeoutMs: s.UPLOAD_TIMEOUT_MS,
      duplicatePolicy: s.DUPLICATE_POLICY,
    },
    limits: {
      key: { perSecond: s.RATE_KEY_PER_SECOND, burst: s.RATE_KEY_BURST },
      address: { perSecond: s.RATE_ADDRESS_PER_SECOND, burst: s.RATE_ADDRESS_BURST },
      authFailure: { perMinute: s.RATE_AUTH_FAILURES_PER_MINUTE },
    },
    isolates: {
      groups: s.OCTAVO_GROUPS,
      heartbeatMs: s.OCTAVO_ISOLATE_HEARTBEAT_MS,
      memoryMb: s.OCTAVO_ISOLATE_MEMORY_MB,
      drainMs: s.OCTAVO_ISOLATE_DRAIN_MS,
    },
    worker: {
      concurrency: s.OCTAVO_WORKER_CONCURRENCY,
      leaseSeconds: s.OCTAVO_LEASE_SECONDS,
      extractionMemoryMb: s.OCTAVO_EXTRACTION_MEMORY_MB,
      extractionDeadlineMs: s.OCTAVO_EXTRACTION_DEADLINE_MS,
      extractionPagesMax: s.OCTAVO_EXTRACTION_PAGES_MAX,
    },
    retention: { runEventDays: s.OCTAVO_RUN_EVENT_DAYS, jobHistoryDays: s.OCTAVO_JOB_HISTORY_DAYS },
    shown: describeSettings(sources),
    sourceOf: sources.sourceOf,
    warnings: sources.warnings,
  }
}

function schemaFaults(error: z.ZodError, { values, sourceOf }: Sources): Fault[] {
  return error.issues.map((issue) => {
    const variable = String(issue.path[0] ?? '')
    const document = settingDocuments.find(({ name }) => name === variable)
    const shown =
      document?.secret === true ? 'the value (masked)' : JSON.stringify(values[variable])
    const fix = `${issue.message}; for example ${variable}=${document?.example}`
    return { variable, source: sourceOf(variable), problem: `${shown} is not valid`, fix }
  })
}

// Built bundles lie elsewhere than the sources: the supervisor tells them the checkout.
function findCheckout(env: Environment): string {
  const told = env.OCTAVO_INTERNAL_CHECKOUT
  if (told !== undefined) return told
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'package.json')) && dirname(folder) !== folder)
    folder = dirname(folder)
  return folder
}

function versionOf(checkout: string): string {
  const manifest: unknown = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8'))
  return (manifest as { version?: string }).version ?? '0.0.0'
}

function baseUrl(bind: string, port: number): string {
  const reachable = bind === '0.0.0.0' ? '127.0.0.1' : bind === '::' ? '::1' : bind
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  for (const part of Object.values(value)) deepFreeze(part)
  return Object.freeze(value)
}
