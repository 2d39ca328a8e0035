import { Redis } from 'ioredis'
import postgres from 'postgres'
import type { Secret } from '../config.ts'

/** What `status` and readiness tell of a service. `detail` is an error's code, never an address or a secret. */
export type ServiceHealth = { status: 'ok'; version: string } | { status: 'down'; detail: string }

/** A service and how to get in. `url` carries no password. */
export type ServiceTarget = { url: string; password: Secret | null; timeoutMs: number }

/** Logs in to one Postgres, ours or by `DATABASE_URL`, over a connection of its own, and asks for its version. */
export async function checkPostgres({
  url,
  password,
  timeoutMs,
}: ServiceTarget): Promise<ServiceHealth> {
  return await answerWithin(timeoutMs, async () => {
    const sql = postgres(url, {
      ...(password === null ? {} : { password: password.reveal() }),
      max: 1,
      connect_timeout: timeoutMs / 1000,
      fetch_types: false,
      prepare: false,
      onnotice: () => {},
      connection: { application_name: 'octavo-health' },
    })
    try {
      const [row] = await sql<
        { version: string }[]
      >`select current_setting('server_version') as version`
      return row?.version ?? 'unknown'
    } finally {
      void sql.end({ timeout: 0 })
    }
  })
}

/**
 * Asks one Redis, ours or by `REDIS_URL`, for its version; needs no CONFIG right.
 * `target.url` may also be the path of a unix socket.
 */
export async function checkRedis({
  url,
  password,
  timeoutMs,
}: ServiceTarget): Promise<ServiceHealth> {
  return await answerWithin(timeoutMs, async () => {
    const redis = new Redis(url, {
      ...(password === null ? {} : { password: password.reveal() }),
      lazyConnect: true,
      enableReadyCheck: false,
      retryStrategy: () => null,
      connectTimeout: timeoutMs,
      commandTimeout: timeoutMs,
      maxRetriesPerRequest: 0,
    })
    let cause: unknown
    redis.on('error', (err) => {
      cause = err
    })
    try {
      await redis.connect()
      const info = await redis.info('server')
      return /redis_version:(\S+)/.exec(info)?.[1] ?? 'unknown'
    } catch (err) {
      // ioredis answers "Connection is closed."; the cause came as an event before.
      throw cause ?? err
    } finally {
      redis.disconnect()
    }
  })
}

async function answerWithin(timeoutMs: number, ask: () => Promise<string>): Promise<ServiceHealth> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => reject(Object.assign(new Error('late'), { code: 'ETIMEDOUT' })),
    timeoutMs,
  )
  try {
    return { status: 'ok', version: await Promise.race([ask(), late]) }
  } catch (err) {
    return { status: 'down', detail: errorCode(err) }
  } finally {
    clearTimeout(timer)
  }
}

function errorCode(err: unknown): string {
  const { code, message } = err as { code?: unknown; message?: unknown }
  if (typeof code === 'string') return code
  // Redis puts its code first in the message: "WRONGPASS invalid username-password pair".
  return /^[A-Z]+(?= )/.exec(String(message))?.[0] ?? 'no answer'
}
