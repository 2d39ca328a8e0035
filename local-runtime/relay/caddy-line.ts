import type { ErrorEntry } from '../../functions/_shared/ports/redis.ts'
import { fitted, levelOfStatus, timeOf, withoutQuery } from './entry.ts'
import { isObject, parseObject, textOf } from './line.ts'

/**
 * What one line of Caddy says. `answer`: a request is over. `reason`: why Caddy answered it itself; this line comes
 * just before the other, without the request id, but from the same connection, which holds one request at a time.
 */
export type CaddyLine =
  | { kind: 'reason'; connection: string; reason: string }
  | { kind: 'answer'; connection: string; answer: CaddyAnswer }

export type CaddyAnswer = {
  timeMs: number
  requestId: string | null
  method: string | null
  path: string
  status: number
}

/** @returns `null` for whatever is no request line of Caddy */
export function parseCaddyLine(text: string): CaddyLine | null {
  const line = parseObject(text)
  if (!line || !isObject(line.request)) return null
  const { request } = line
  const connection = `${textOf(request.remote_ip)}:${textOf(request.remote_port)}`
  const logger = textOf(line.logger) ?? ''
  if (logger.startsWith('http.log.error'))
    return { kind: 'reason', connection, reason: textOf(line.msg) ?? '' }
  if (!logger.startsWith('http.log.access') || typeof line.status !== 'number') return null
  const answer = {
    timeMs: typeof line.ts === 'number' ? line.ts * 1000 : Date.now(),
    requestId: requestIdOf(line.resp_headers),
    method: textOf(request.method),
    path: withoutQuery(textOf(request.uri) ?? ''),
    status: line.status,
  }
  return { kind: 'answer', connection, answer }
}

function requestIdOf(headers: unknown): string | null {
  const values = isObject(headers) ? headers['X-Request-Id'] : null
  return Array.isArray(values) ? textOf(values[0]) : null
}

const noRoute = 'no such route'
const ownCodes: Record<number, string> = {
  404: 'not_found',
  413: 'payload_too_large',
  502: 'unavailable',
  503: 'unavailable',
  504: 'unavailable',
}

/**
 * Can a function have a line of this request? Not where no route led to one, nor where its socket could not be
 * opened. Behind the other reasons, a body that was too large for one, its line may come as well.
 */
export const hasReachedFunction = (reason: string | null): boolean =>
  reason !== noRoute && !reason?.startsWith('dial ')

/**
 * @param reason why Caddy answered by itself; `null` when the function's reply went through
 * @returns `null` below 400, and for callers who left before the reply (status 0)
 */
export function entryOfAnswer(answer: CaddyAnswer, reason: string | null): ErrorEntry | null {
  const { status, path } = answer
  const level = levelOfStatus(status)
  if (level === null) return null
  return fitted({
    time: timeOf(answer.timeMs),
    level,
    source: 'caddy',
    // Only a path that has a route names a function; others would let callers invent names.
    function: reason === noRoute ? null : functionOf(path),
    request_id: answer.requestId,
    method: answer.method,
    path,
    status,
    code: reason === null ? null : (ownCodes[status] ?? 'internal'),
    message:
      reason === null ? `The function answered ${status}` : `Caddy answered ${status}: ${reason}`,
  })
}

const functionOf = (path: string): string | null =>
  /^\/v1\/([a-z][a-z0-9-]{0,40})(?:\/|$)/.exec(path)?.[1] ?? null
