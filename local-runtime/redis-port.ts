import { Redis } from 'ioredis'
import type { Cache, ErrorList, RedisPort } from '../functions/_shared/ports/redis.ts'
import { CircuitBreaker } from './redis/breaker.ts'
import { newCache } from './redis/cache.ts'
import { newErrorList } from './redis/error-list.ts'
import { type LimitSettings, newLimits } from './redis/limits.ts'

export type RedisPortOptions = {
  url: string
  password: string | null
  commandTimeoutMs: number
  limits: LimitSettings
  relaySocket: string
}

/** An open Redis port; `close` lets go of the connection. */
export type OpenRedis = { port: RedisPort; close(): void }

const reconnectMsMax = 500

/**
 * Redis as functions see it: every call resolves within the command timeout, whether Redis is there or not. Nothing
 * waits for a connection; a background attempt every half second finds Redis again. A Redis that stands still is
 * skipped for a second at a time.
 */
export function openRedis(options: RedisPortOptions): OpenRedis {
  const client = new Redis(options.url, {
    ...(options.password === null ? {} : { password: options.password }),
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: options.commandTimeoutMs,
    connectTimeout: options.commandTimeoutMs * 4,
    retryStrategy: (attempt) => Math.min(50 * attempt, reconnectMsMax),
    enableAutoPipelining: true,
    connectionName: 'octavo',
  })
  // Each command reports its own failure; the connection's is told by `state`.
  client.on('error', () => {})
  const breaker = new CircuitBreaker(options)
  client.on('ready', () => breaker.reset())
  const cache: Cache = newCache(client, breaker)
  const errorList: ErrorList = newErrorList(client, breaker, options.relaySocket)
  const port: RedisPort = {
    cache,
    limits: newLimits(client, breaker, options.limits),
    errorList,
    state: () => readState(client, breaker),
  }
  return { port, close: () => client.disconnect() }
}

async function readState(client: Redis, breaker: CircuitBreaker): ReturnType<RedisPort['state']> {
  try {
    const info = await breaker.run(() => client.info('server'))
    return { status: 'ok', version: /redis_version:(\S+)/.exec(info)?.[1] ?? null }
  } catch {
    // Absent is a state, not a failure.
    return { status: 'degraded', version: null }
  }
}
