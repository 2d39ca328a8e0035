import { createHmac, randomBytes } from 'node:crypto'
import { resolve } from 'node:path'
import { aiOf, aiWarnings } from './ai.ts'
import { describeSettings } from './description.ts'
import { socketPath, stackPaths, stackPorts } from './folders.ts'
import { objectStoreOf, objectStoreWarnings, type StoreKey } from './object-store.ts'
import { Secret } from './secrets.ts'
import { type Settings, settingDocuments } from './settings.ts'
import type { Sources } from './sources.ts'

type Address = { url: string; password: Secret | null }

/** The secrets and addresses that somebody gave; `null` where nobody did. */
export type Given = {
  app: Secret | null
  database: Secret | null
  redis: Secret | null
  databaseAddress: Address | null
  redisAddress: Address | null
  storeKey: StoreKey
  aiKey: Secret | null
}

type Surroundings = { version: string; checkout: string; sources: Sources }

export type BuiltConfig = Readonly<ReturnType<typeof buildConfig>>

export function buildConfig(
  s: Settings,
  given: Given,
  { version, checkout, sources }: Surroundings,
) {
  const home = resolve(checkout, s.OCTAVO_HOME)
  const place = { paths: stackPaths(home), ports: stackPorts(s.OCTAVO_PORT) }
  return {
    version,
    checkout,
    home,
    ...place,
    bind: s.OCTAVO_BIND,
    port: s.OCTAVO_PORT,
    baseUrl: baseUrl(s.OCTAVO_BIND, s.OCTAVO_PORT),
    logLevel: s.LOG_LEVEL,
    logFiles: { bytesMax: s.OCTAVO_LOG_FILE_BYTES_MAX, filesMax: s.OCTAVO_LOG_FILES_MAX },
    appSecret: given.app ?? Secret.ofFile(place.paths.appSecret),
    database: databaseOf(s, given, place),
    redis: redisOf(s, given, place),
    /** Where files lie instead of in `paths.storage`; `null` for the folder. */
    objectStore: objectStoreOf(s, given.storeKey),
    ...requestsOf(s),
    ...processesOf(s),
    ocr: ocrOf(s, checkout),
    ai: aiOf(s, given.aiKey),
    /** Equal for equal settings, within one process: a new release with another one needs new isolates. */
    fingerprint: fingerprintOf(sources),
    /** Every setting for people, secrets masked. */
    shown: describeSettings(sources),
    sourceOf: sources.sourceOf,
    warnings: [...sources.warnings, ...objectStoreWarnings(s), ...aiWarnings(s)],
  }
}

type Place = { paths: ReturnType<typeof stackPaths>; ports: ReturnType<typeof stackPorts> }

function databaseOf(s: Settings, given: Given, { paths, ports }: Place) {
  const address = given.databaseAddress
  return {
    isEmbedded: address === null,
    url: address?.url ?? `postgres://app_user@127.0.0.1:${ports.postgres}/app_db`,
    /** `null`: the server wants none. */
    password: passwordOf(address, given.database, paths.databasePassword),
    /** Path of the unix socket; `null` for a server elsewhere. */
    socket: address === null ? socketPath(paths.run, `.s.PGSQL.${ports.postgres}`) : null,
    poolMax: s.DATABASE_POOL_MAX,
    prepare: s.DATABASE_PREPARE,
    statementTimeoutMs: s.DATABASE_STATEMENT_TIMEOUT_MS,
    connectTimeoutMs: s.DATABASE_CONNECT_TIMEOUT_MS,
    debugSql: s.DEBUG_SQL,
  }
}

function redisOf(s: Settings, given: Given, { paths, ports }: Place) {
  const address = given.redisAddress
  return {
    isOwn: address === null,
    url: address?.url ?? `redis://127.0.0.1:${ports.redis}`,
    password: passwordOf(address, given.redis, paths.redisPassword),
    socket: address === null ? socketPath(paths.run, 'redis.sock') : null,
    bytesMax: s.REDIS_BYTES_MAX,
    commandTimeoutMs: s.REDIS_COMMAND_TIMEOUT_MS,
  }
}

// A server elsewhere has the password that its address or variable says; ours gets a generated one.
function passwordOf(address: Address | null, given: Secret | null, file: string): Secret | null {
  if (given !== null) return given
  return address === null ? Secret.ofFile(file) : address.password
}

function requestsOf(s: Settings) {
  return {
    http: {
      corsOrigins: s.CORS_ORIGINS,
      uploadBytesMax: s.UPLOAD_BYTES_MAX,
      artifactBytesMax: s.ARTIFACT_BYTES_MAX,
      jsonBytesMax: s.JSON_BYTES_MAX,
      requestTimeoutMs: s.REQUEST_TIMEOUT_MS,
      uploadTimeoutMs: s.UPLOAD_TIMEOUT_MS,
      duplicatePolicy: s.DUPLICATE_POLICY,
      webhooksAllowPrivate: s.WEBHOOKS_ALLOW_PRIVATE,
      conferencesAllowPrivate: s.CONFERENCES_ALLOW_PRIVATE,
    },
    limits: {
      key: { perSecond: s.RATE_KEY_PER_SECOND, burst: s.RATE_KEY_BURST },
      address: { perSecond: s.RATE_ADDRESS_PER_SECOND, burst: s.RATE_ADDRESS_BURST },
      authFailure: { perMinute: s.RATE_AUTH_FAILURES_PER_MINUTE },
    },
  }
}

function processesOf(s: Settings) {
  return {
    isolates: {
      groups: s.OCTAVO_GROUPS,
      heartbeatMs: s.OCTAVO_ISOLATE_HEARTBEAT_MS,
      memoryMb: s.OCTAVO_ISOLATE_MEMORY_MB,
      drainMs: s.OCTAVO_ISOLATE_DRAIN_MS,
    },
    worker: {
      concurrency: s.OCTAVO_WORKER_CONCURRENCY,
      leaseSeconds: s.OCTAVO_LEASE_SECONDS,
      memoryMb: s.OCTAVO_WORKER_MEMORY_MB,
      lagMsMax: s.OCTAVO_WORKER_LAG_MS,
      drainMs: s.OCTAVO_WORKER_DRAIN_MS,
      jobProcessesMax: s.OCTAVO_JOB_PROCESSES,
      jobMemoryMb: s.OCTAVO_JOB_MEMORY_MB,
      extractionMemoryMb: s.OCTAVO_EXTRACTION_MEMORY_MB,
      extractionDeadlineMs: s.OCTAVO_EXTRACTION_DEADLINE_MS,
      extractionPagesMax: s.OCTAVO_EXTRACTION_PAGES_MAX,
    },
    retention: {
      runEventDays: s.OCTAVO_RUN_EVENT_DAYS,
      jobHistoryDays: s.OCTAVO_JOB_HISTORY_DAYS,
      trashDays: s.TRASH_DAYS,
      pageImages: { bytesMax: s.PAGE_IMAGE_BYTES_MAX, days: s.PAGE_IMAGE_DAYS },
    },
  }
}

function ocrOf(s: Settings, checkout: string) {
  const folder = s.OCR_DATA_FOLDER
  return {
    isEnabled: s.OCR_ENABLED,
    languages: s.OCR_LANGUAGES,
    dataFolder: folder === undefined ? null : resolve(checkout, folder),
    dpi: s.OCR_DPI,
    pagesMax: s.OCR_PAGES_MAX,
    concurrency: s.OCR_CONCURRENCY,
    deadlineMs: s.OCR_DEADLINE_MS,
  }
}

function baseUrl(bind: string, port: number): string {
  const reachable = bind === '0.0.0.0' ? '127.0.0.1' : bind === '::' ? '::1' : bind
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`
}

// Keyed by chance: secrets go into it, and a plain hash of a weak one could be guessed.
const fingerprintKey = randomBytes(32)

function fingerprintOf({ values }: Sources): string {
  const entries = settingDocuments.map(({ name }) => [name, values[name] ?? null])
  return createHmac('sha256', fingerprintKey).update(JSON.stringify(entries)).digest('hex')
}
