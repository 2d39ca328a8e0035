import type { Duplex } from 'node:stream'
import { problemResponse } from '../../functions/_shared/http/problem-response.ts'
import { AppError, type ProblemCode } from '../../functions/_shared/http/problems.ts'

const details: Partial<Record<ProblemCode, string>> = {
  internal: 'Something went wrong on our side.',
  unavailable: 'The function did not answer in time.',
  malformed: 'The request could not be read as HTTP.',
  payload_too_large: 'The header fields are larger than this server takes.',
}

/** A problem that the isolate answers itself, outside of any function. */
export function ownProblem(
  code: ProblemCode,
  requestId: string = crypto.randomUUID(),
  detail: string = details[code] ?? '',
): Response {
  return problemResponse(new AppError(code, detail), requestId)
}

/** Answers, on a bare socket, bytes that are no HTTP request, and closes it. */
export function sendRawProblem(socket: Duplex, errorCode: string | undefined): void {
  if (errorCode === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const code = errorCode === 'HPE_HEADER_OVERFLOW' ? 'payload_too_large' : 'malformed'
  const error = new AppError(code, details[code] ?? '')
  void problemResponse(error, crypto.randomUUID())
    .text()
    .then((body) => socket.end(rawReply(error.status, body)))
}

const rawReply = (status: number, body: string): string =>
  [
    `HTTP/1.1 ${status} Refused`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n')
