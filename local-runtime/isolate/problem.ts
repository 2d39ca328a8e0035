import type { Duplex } from 'node:stream'
import { problemBody, problemResponse } from '../../functions/_shared/http/problem-response.ts'
import { AppError, type ProblemCode } from '../../functions/_shared/http/problems.ts'
import type { Log } from '../../functions/_shared/ports/log.ts'
import { type ParserError, type RefusedRequest, readRefusedRequest } from './refused-request.ts'

const details: Partial<Record<ProblemCode, string>> = {
  internal: 'Something went wrong on our side.',
  unavailable: 'The function did not answer in time.',
}

/** A problem that the isolate answers itself, outside of any function. */
export function ownProblem(
  code: ProblemCode,
  requestId: string = crypto.randomUUID(),
  detail: string = details[code] ?? '',
): Response {
  return problemResponse(new AppError(code, detail), requestId)
}

/** Answers, on a bare socket, what Node's parser refused; see {@link refuseOnSocket}. */
export function sendRawProblem(err: ParserError, socket: Duplex, log: Log): void {
  if (err.code === 'ECONNRESET' || !socket.writable) socket.destroy()
  else refuseOnSocket(readRefusedRequest(err), socket, log)
}

/** Refuses a request of which there is but a socket, logs it under its id, and closes the connection. */
export function refuseOnSocket(refused: RefusedRequest, socket: Duplex, log: Log): void {
  const { status, headers } = refuse(refused, log)
  const body = JSON.stringify(problemBody(refused.error, refused.requestId))
  socket.end(rawReply(status, Object.fromEntries(headers), body))
}

/** Refuses a request that no function can be given, and logs it under its id. */
export function refuse({ requestId, method, path, error }: RefusedRequest, log: Log): Response {
  const { code, status } = error
  log.warn(error.message, { request_id: requestId, method, path, status, code })
  const response = problemResponse(error, requestId)
  response.headers.set('X-Request-Id', requestId)
  return response
}

const rawReply = (status: number, headers: Record<string, string>, body: string): string =>
  [
    `HTTP/1.1 ${status} Refused`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
    '',
    body,
  ].join('\r\n')
