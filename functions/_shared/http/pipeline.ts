import { isStillAdmitted } from '../access/admission.ts'
import type { Authenticator } from '../access/auth.ts'
import { consumeLimit, limitHeaders } from '../access/limits.ts'
import { isAdmitted } from '../access/roles.ts'
import type { Deps } from '../ports/deps.ts'
import { type Call, identityOf } from './call.ts'
import { isUnchanged, parseIfMatch } from './etag.ts'
import type { Exchange } from './exchange.ts'
import {
  claimMark,
  type Mark,
  parseIdempotencyKey,
  Replay,
  type StoredReply,
  type WriteOptions,
  type WriteWork,
} from './idempotency.ts'
import { readInput } from './input.ts'
import { refuseContentEncoding } from './json-body.ts'
import type { Cursors } from './pages.ts'
import { problemBody, toAppError } from './problem-response.ts'
import { AppError } from './problems.ts'
import { renderReply, toResponse } from './render.ts'
import type { Handler, Reply, Route } from './route.ts'

/** What all routes of a function share. */
export type Kit = { deps: Deps; authenticate: Authenticator; cursors: Cursors }

type Matched = {
  route: Route
  handler: Handler<Route>
  params: Record<string, string>
  exchange: Exchange
}

/** From a matched route to its reply: limits, key, role, input, idempotency, handler, ETag. */
export async function answerCall(kit: Kit, matched: Matched): Promise<Response> {
  const { route, exchange } = matched
  exchange.operationId = route.operationId
  await admit(kit, route, exchange)
  const deadlineMs =
    route.timeoutMs === undefined ? kit.deps.config.requestTimeoutMs : route.timeoutMs
  if (deadlineMs === null) return answerAdmitted(kit, matched, exchange.request.signal)
  return withDeadline(deadlineMs, exchange.request.signal, (signal) =>
    answerAdmitted(kit, matched, signal),
  )
}

async function admit({ deps, authenticate }: Kit, route: Route, exchange: Exchange) {
  const { limits } = deps.redis
  await consumeLimit(limits, 'address', exchange.address)
  if (route.role === 'public') return
  const authorization = exchange.request.headers.get('authorization')
  const identity = await authenticate(authorization, exchange.address)
  exchange.identity = identity
  exchange.headers = limitHeaders('key', await consumeLimit(limits, 'key', identity.keyId))
  if (!isAdmitted(route.role, identity.role, identity.isOperator))
    throw new AppError('forbidden', `The role ${identity.role} may not do this.`)
}

async function answerAdmitted(kit: Kit, matched: Matched, signal: AbortSignal): Promise<Response> {
  const { route, handler, exchange, params } = matched
  const { request, url } = exchange
  if (route.input?.stream) refuseContentEncoding(request.headers)
  const { jsonBytesMax } = kit.deps.config
  const { input, bodyText } = await readInput(route, request, { params, url, jsonBytesMax })
  let marked: Marked | null = null
  try {
    marked = await openMark(kit, matched, bodyText)
    const answer = await handler(newCall(kit, matched, { signal, marked }), input)
    if (answer instanceof Response) return answer
    const rendered = renderReply(route, answer)
    await marked?.finishIfOpen(rendered)
    if (answer.version !== undefined && isUnchanged(ifNoneMatch(request), answer.version))
      return new Response(null, { status: 304, headers: rendered.headers })
    return toResponse(rendered)
  } catch (err) {
    if (err instanceof Replay) return toResponse(err.reply, { 'Idempotency-Replayed': 'true' })
    await marked?.settle(err, exchange.requestId)
    throw err
  }
}

const ifNoneMatch = (request: Request): string | null =>
  request.method === 'GET' || request.method === 'HEAD'
    ? request.headers.get('if-none-match')
    : null

function newCall(
  kit: Kit,
  { route, exchange }: Matched,
  { signal, marked }: { signal: AbortSignal; marked: Marked | null },
): Call {
  const { identity, request, url, requestId, log } = exchange
  return {
    request,
    url,
    requestId,
    log,
    signal,
    identity,
    stillAdmitted: () => isStillAdmitted(kit.authenticate, exchange),
    cursors: kit.cursors,
    ifMatch: parseIfMatch(request.headers.get('if-match')),
    isRepeat: marked?.isRepeat ?? false,
    get tenantId() {
      return identityOf(identity).tenantId
    },
    get userId() {
      return identityOf(identity).userId
    },
    async write<R extends Reply>(work: WriteWork<R>, options: WriteOptions = {}): Promise<R> {
      if (!marked) return kit.deps.db.transaction(work)
      return marked.write(kit, route, { work, options })
    },
  }
}

/** The idempotency mark of one request, and whether its reply is stored yet. */
type Marked = {
  isRepeat: boolean
  write<R extends Reply>(
    kit: Kit,
    route: Route,
    task: { work: WriteWork<R>; options: WriteOptions },
  ): Promise<R>
  finishIfOpen(rendered: StoredReply): Promise<void>
  settle(err: unknown, requestId: string): Promise<void>
}

async function openMark(kit: Kit, matched: Matched, bodyText: string): Promise<Marked | null> {
  const { route, exchange } = matched
  const header = exchange.request.headers.get('idempotency-key')
  if (route.method !== 'post' || !exchange.identity || header === null) return null
  if (route.refusesIdempotencyKey) throw keyRefused(route.refusesIdempotencyKey)
  const key = parseIdempotencyKey(header)
  if (key === null) return null
  const { db, now } = kit.deps
  const fingerprint = route.input?.stream ? null : await fingerprintOf(exchange.url, bodyText)
  const scope = { identity: exchange.identity, key, operationId: route.operationId, now }
  const mark = await claimMark(db, scope, fingerprint)
  if (fingerprint) mark.decide(fingerprint)
  return newMarked(kit, { mark, fingerprint })
}

function keyRefused({ detail, hint }: { detail: string; hint: string }): AppError {
  const place = { in: 'header', pointer: '/idempotency-key', code: 'not_supported' } as const
  return new AppError('invalid', detail, { hint, errors: [{ ...place, detail, hint }] })
}

async function fingerprintOf(url: URL, bodyText: string): Promise<Uint8Array> {
  const data = new TextEncoder().encode(`${url.pathname}${url.search}\n${bodyText}`)
  return new Uint8Array(await crypto.subtle.digest('SHA-256', data))
}

// 401, 403 and 429 depend on the moment, and a 5xx is ours: all of them may be tried again.
const isReplayable = (status: number): boolean => status < 500 && ![401, 403, 429].includes(status)

type NewMarked = { mark: Mark; fingerprint: Uint8Array | null }

function newMarked({ deps }: Kit, { mark, fingerprint: given }: NewMarked): Marked {
  let isSettled = !mark.isMine
  let fingerprint = given
  return {
    isRepeat: !mark.isMine,
    async write(kit, route, { work, options }) {
      fingerprint ??= options.fingerprint ?? null
      mark.decide(fingerprint)
      const answer = await kit.deps.db.transaction(async (tx) => {
        const result = await work(tx)
        await mark.complete(tx, renderReply(route, result, { isStored: true }), fingerprint)
        return result
      })
      isSettled = true
      return answer
    },
    async finishIfOpen(rendered) {
      if (!isSettled) await mark.complete(deps.db, rendered, fingerprint)
      isSettled = true
    },
    async settle(err, requestId) {
      if (isSettled) return
      const error = toAppError(err)
      // A stream that was refused before it was read has no fingerprint to compare a repeat with.
      if (!isReplayable(error.status) || error.code === 'in_flight' || !fingerprint)
        return mark.release()
      const body = JSON.stringify(problemBody(error, requestId))
      const headers = { 'Content-Type': 'application/problem+json', ...error.headers }
      await mark.complete(deps.db, { status: error.status, headers, body }, fingerprint)
    },
  }
}

async function withDeadline<T>(
  ms: number,
  parent: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  const expiry = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      late.abort()
      reject(new AppError('unavailable', 'The request took too long.'))
    }, ms)
  })
  try {
    return await Promise.race([work(AbortSignal.any([parent, late.signal])), expiry])
  } finally {
    clearTimeout(timer)
  }
}
