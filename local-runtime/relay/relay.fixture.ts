import { mkdtemp, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { ErrorEntry, ErrorGroups } from '../../functions/_shared/ports/redis.ts'
import { poll } from '../services/process.ts'
import type { Counters } from './counters.ts'
import type { RelayLine } from './line.ts'
import type { RedisTarget } from './redis-list.ts'
import { startRelay } from './server.ts'

export type Health = {
  degraded: boolean
  dropped: number
  counters: Counters
  rss_bytes: number
}
export type EntriesPage = Pick<Health, 'degraded' | 'dropped'> & {
  entries: ErrorEntry[]
}

export const relayLine = (fields: Partial<RelayLine> = {}): RelayLine => ({
  level: 40,
  time: Date.now(),
  msg: 'slow',
  source: 'function',
  function: 'users',
  ...fields,
})

/** What Caddy writes about a failed request. */
export const caddyLine = (requestId: string, status = 502): string =>
  JSON.stringify({
    level: 'error',
    ts: Date.now() / 1000,
    logger: 'http.log.access',
    status,
    request: { remote_ip: '127.0.0.1', remote_port: '1', method: 'GET', uri: '/v1/users?a=b' },
    resp_headers: { 'X-Request-Id': [requestId] },
  })

/** Waits for what must come within 15 s. */
export async function eventually<T>(
  ask: () => T | null | false | Promise<T | null | false>,
): Promise<T> {
  const answer = await poll<T>(ask, { timeoutMs: 15_000, intervalMs: 20 })
  if (answer === null) throw new Error(`this never came true: ${ask}`)
  return answer
}

/** A folder for sockets, removed after the test. */
export async function newRunFolder(): Promise<string> {
  const run = await mkdtemp(join(tmpdir(), 'octavo-relay-'))
  onTestFinished(() => rm(run, { recursive: true, force: true }))
  return run
}

/** Questions and lines for the relay that listens in `run`. */
export function relayCalls(run: string) {
  const socketPath = join(run, 'relay.sock')
  const get = async <T>(path: string): Promise<T> =>
    JSON.parse((await call(socketPath, 'GET', path)).body) as T
  return {
    socketPath,
    health: () => get<Health>('/health'),
    entries: (query = '') => get<EntriesPage>(`/entries${query}`),
    messages: async () =>
      (await get<EntriesPage>('/entries')).entries.map(({ message }) => message),
    groups: () => get<ErrorGroups>('/groups'),
    post: (lines: readonly RelayLine[] | string, headers: Record<string, string> = {}) => {
      const body =
        typeof lines === 'string' ? lines : lines.map((l) => JSON.stringify(l)).join('\n')
      return call(socketPath, 'POST', '/_logs', { headers, body })
    },
    /** A connection like the one of Caddy's net writer. */
    connectAsCaddy: () => openSocket(join(run, 'caddy-logs.sock')),
  }
}

/** A relay of the test's own, closed after it. */
export async function setupRelay(redis: RedisTarget | null = null) {
  const run = await newRunFolder()
  const relay = await startRelay({ run, redis })
  onTestFinished(() => relay.close())
  return { ...relayCalls(run), run, relay }
}

async function openSocket(path: string): Promise<Socket> {
  const socket = connect(path)
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  onTestFinished(() => void socket.destroy())
  return socket
}

type CallOptions = { headers?: Record<string, string>; body?: string }

function call(
  socketPath: string,
  method: string,
  path: string,
  { headers = {}, body = '' }: CallOptions = {},
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const req = request({ socketPath, method, path, headers }, async (res) => {
      const text = (await res.toArray()).map(String).join('')
      resolve({ status: res.statusCode ?? 0, body: text })
    })
    req.on('error', reject)
    req.end(body)
  })
}
