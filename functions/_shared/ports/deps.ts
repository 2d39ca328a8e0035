import type { Db } from '../../../db/client.ts'
import type { Log } from './log.ts'
import type { RedisPort } from './redis.ts'
import type { Storage } from './storage.ts'

/** The part of the configuration that functions may know. Frozen. */
export type FunctionConfig = {
  version: string // of Octavo
  functionNames: readonly string[] // of all that this host serves; the first part of their jobs' kinds
  corsOrigins: readonly string[] // exact origins; `*localhost*` stands for any port of localhost
  jsonBytesMax: number
  uploadBytesMax: number
  artifactBytesMax: number // of one version
  requestTimeoutMs: number
  duplicatePolicy: 'link' | 'refuse' | 'version'
  webhooksAllowPrivate: boolean // plain http and addresses of one's own network, for development
  conferencesAllowPrivate: boolean // the same of what conferences are refreshed from
  secret: Uint8Array // 32 bytes; signs cursors, seals passwords
  reference: Reference
}

/** What only the host can know about all functions together; the function `docs` serves it. */
export type Reference = {
  /** The merged OpenAPI 3.1 document as JSON text. */
  openapi(): Promise<string>
  /** A file of the reference page, or `null`. */
  asset(name: string): Promise<{ body: Uint8Array<ArrayBuffer>; contentType: string } | null>
  /** State of services that functions cannot see themselves; for `/v1/health`. Resolves soon, whatever is away. */
  health(): Promise<Record<string, ServiceState>>
}

/** One process beside the functions. All but `status` is for the operator. */
export type ServiceState = {
  status: 'ok' | 'degraded' | 'down'
  detail?: string
  version?: string
  pid?: number
  restarts?: number // after it had ended unexpectedly
}

/** All that a function knows of the world. */
export type Deps = {
  db: Db
  redis: RedisPort
  storage: Storage
  log: Log
  now: () => Date
  config: FunctionConfig
}
