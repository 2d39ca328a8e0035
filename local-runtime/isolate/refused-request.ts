import type { IncomingMessage } from 'node:http'
import { AppError } from '../../functions/_shared/http/problems.ts'

/** A request that no function can be given, as far as it can be read. */
export type RefusedRequest = {
  /** The one that Caddy gave it; a new one where there is none. */
  requestId: string
  method: string | null
  /** Without query. */
  path: string | null
  /** What the caller is told. */
  error: AppError
}

/** What Node emits as `clientError`. `rawPacket`: the bytes that were read last, for a refused head its beginning. */
export type ParserError = { code?: string; rawPacket?: Uint8Array }

// Every method that some route takes; which ones this path takes only the function knows.
const methods = 'DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT'
const headBytesMax = 16 * 1024
const pathCharactersMax = 500
const requestLine = /^([^\s]{1,64}) ([^ \r\n]*) HTTP\/1\.[01]\r?\n/
const requestIdLine = /\nx-request-id:[ \t]*([A-Za-z0-9._-]{8,64})[ \t]*\r?\n/i

/** Never throws, whatever the bytes are. */
export function readRefusedRequest({ code, rawPacket }: ParserError): RefusedRequest {
  // A byte a character, so that nothing is lost and the end of the head can be found. A body is not looked at.
  const text = Buffer.from(rawPacket ?? []).toString('latin1', 0, headBytesMax)
  const end = text.search(/\r?\n\r?\n/)
  const head = end < 0 ? text : `${text.slice(0, end)}\r\n`
  const [, method = null, target = null] = requestLine.exec(head) ?? []
  return {
    requestId: (method && requestIdLine.exec(head)?.[1]) ?? crypto.randomUUID(),
    method,
    path: target === null ? null : readablePath(target),
    error: refusalOf(code, target),
  }
}

function refusalOf(code: string | undefined, target: string | null): AppError {
  if (code === 'HPE_HEADER_OVERFLOW')
    return new AppError('payload_too_large', 'The header fields are larger than this server takes.')
  // Without a request line it is no HTTP at all, though Node's parser blames the first word for a method.
  if (code === 'HPE_INVALID_METHOD' && target !== null) return unknownMethod()
  if (code === 'HPE_INVALID_URL' && target !== null && /[^\x21-\x7e]/.test(target))
    return new AppError('malformed', 'The address holds characters that are not ASCII.', {
      hint: 'Percent-encode them as UTF-8, for example ?filename=%C3%9Cbung.pdf instead of ?filename=Übung.pdf.',
    })
  return new AppError('malformed', 'The request could not be read as HTTP.')
}

const unknownMethod = () =>
  new AppError('method_not_allowed', `This server takes ${methods}.`, {
    headers: { Allow: methods },
  })

/** CONNECT: Node hands it over as a bare socket, and without a listener cuts it. */
export const readRefusedConnect = (req: IncomingMessage): RefusedRequest =>
  refusedWith(req, unknownMethod())

/** An address that makes no URL, such as one with a backslash: without a URL there is no `Request`. */
export const readRefusedUrl = (req: IncomingMessage): RefusedRequest =>
  refusedWith(req, new AppError('malformed', 'The address of the request makes no URL.'))

const refusedWith = (
  { headers, method, url = '' }: IncomingMessage,
  error: AppError,
): RefusedRequest => ({
  requestId: String(headers['x-request-id'] ?? crypto.randomUUID()),
  method: method ?? null,
  path: readablePath(url),
  error,
})

const readablePath = (target: string): string =>
  Buffer.from(target.split(/[?#]/, 1)[0] ?? '', 'latin1')
    .toString()
    .slice(0, pathCharactersMax)
