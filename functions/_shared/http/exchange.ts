import type { DatabaseTime } from '../../../db/timing.ts'
import type { Log } from '../ports/log.ts'
import { type Identity, requestIdOf } from './call.ts'
import type { AppError } from './problems.ts'

/** What becomes known of one request while it is answered; the log line and the reply's headers are made of it. */
export type Exchange = {
  request: Request
  requestId: string
  url: URL
  address: string
  startedAtMs: number
  database: DatabaseTime
  log: Log
  headers: Record<string, string> // to be put on the reply, whatever it is
  identity: Identity | null
  operationId: string | null
  error: AppError | null
}

export function newExchange(request: Request, log: Log, functionName: string): Exchange {
  const requestId = requestIdOf(request.headers)
  return {
    request,
    requestId,
    url: new URL(request.url),
    // Set by the proxy, which overwrites what a caller sends.
    address: request.headers.get('x-client-address') ?? 'local',
    startedAtMs: performance.now(),
    database: { ms: 0 },
    log: log.with({ function: functionName, request_id: requestId }),
    headers: {},
    identity: null,
    operationId: null,
    error: null,
  }
}

// Replies depend on the key, so no shared cache may keep them; a private one must ask again with the ETag.
const fixedHeaders = {
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'private, no-cache',
}

/** Puts the common headers on a reply and writes the request's one log line. */
export function finish(
  exchange: Exchange,
  response: Response,
  cors: Record<string, string>,
): Response {
  const { headers } = response
  const durationMs = performance.now() - exchange.startedAtMs
  headers.set('X-Request-Id', exchange.requestId)
  headers.set(
    'Server-Timing',
    `db;dur=${exchange.database.ms.toFixed(1)}, total;dur=${durationMs.toFixed(1)}`,
  )
  for (const [name, value] of Object.entries(fixedHeaders))
    if (!headers.has(name)) headers.set(name, value)
  for (const [name, value] of Object.entries({ ...exchange.headers, ...cors }))
    headers.set(name, value)
  logRequest(exchange, response.status, durationMs)
  return response
}

function logRequest(exchange: Exchange, status: number, durationMs: number): void {
  const { request, url, identity, error } = exchange
  const fields = {
    method: request.method,
    path: url.pathname.slice(0, 500), // a query may hold secrets
    status,
    duration_ms: Math.round(durationMs * 10) / 10,
    database_ms: Math.round(exchange.database.ms * 10) / 10,
    ...(exchange.operationId ? { operation: exchange.operationId } : {}),
    ...(identity ? { tenant_id: identity.tenantId, key_id: identity.keyId } : {}),
    ...(error ? { code: error.code } : {}),
  }
  if (status >= 500) exchange.log.error(error?.message ?? 'request failed', fields, error?.cause)
  else if (status >= 400) exchange.log.warn(error?.message ?? 'request refused', fields)
  else exchange.log.info('request', fields)
}
