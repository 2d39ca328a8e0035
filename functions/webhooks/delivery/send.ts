import { type ClientRequest, type IncomingMessage, request as requestPlain } from 'node:http'
import { request as requestTls } from 'node:https'
import { isIP } from 'node:net'
import { isPublicAddress } from './addresses.ts'
import { faultOf, SendingFault } from './faults.ts'
import { AddressRefused, publicLookup, type Resolve, systemResolve } from './lookup.ts'
import { readReply } from './reply.ts'

/** Milliseconds that each part of a request may take. */
export type TimeLimits = {
  connect: number
  total: number
  /** Of the reply, behind its head: the status says all that counts, and nobody's body may hold a place for long. */
  body: number
}

const timeLimits: TimeLimits = { connect: 5_000, total: 10_000, body: 2_000 }
const headBytesMax = 16 * 1024

export type Sending = {
  url: URL
  headers: Record<string, string>
  body: string
  signal: AbortSignal
  /** Plain http and every address, for development and tests. */
  allowsPrivate: boolean
  resolve?: Resolve
  limits?: TimeLimits
}

/** What came of a request. `statusCode` null: no answer, and `fault` says why. */
export type Answer = {
  statusCode: number | null
  fault: string | null
  durationMs: number
  excerpt: string | null
  retryAfter: string | undefined
}

/**
 * Posts a body, and looks at the beginning of the reply. Redirects are not followed; nothing but the URL says where it
 * goes: no proxy, no kept connection.
 * @throws {unknown} the signal's reason
 */
export async function send(sending: Sending): Promise<Answer> {
  const startedAt = performance.now()
  const { limits = timeLimits } = sending
  const answered = (answer: Partial<Answer>): Answer => ({
    ...{ statusCode: null, fault: null, excerpt: null, retryAfter: undefined, ...answer },
    durationMs: Math.round(performance.now() - startedAt),
  })
  try {
    const reply = await post(sending, limits)
    const { statusCode = 0, headers } = reply
    const excerpt = await readReply(reply, limits.body)
    return answered({ statusCode, excerpt, retryAfter: headers['retry-after'] })
  } catch (err) {
    sending.signal.throwIfAborted()
    return answered({ fault: faultOf(err) })
  }
}

/** @returns the head of the reply; its body is still to come */
function post(
  { url, headers, body, ...sending }: Sending,
  limits: TimeLimits,
): Promise<IncomingMessage> {
  const host = url.hostname.replaceAll(/[[\]]/g, '')
  // An address is never looked up, so it is judged here.
  if (!sending.allowsPrivate && isIP(host) !== 0 && !isPublicAddress(host))
    return Promise.reject(new AddressRefused(host))
  const outcome = Promise.withResolvers<IncomingMessage>()
  const length = String(new TextEncoder().encode(body).byteLength)
  const request = url.protocol === 'https:' ? requestTls : requestPlain
  const sent = request(url, {
    ...{ method: 'POST', headers: { ...headers, 'content-length': length }, agent: false },
    ...(sending.allowsPrivate && !sending.resolve ? {} : { lookup: lookupOf(sending) }),
    ...{ rejectUnauthorized: true, maxHeaderSize: headBytesMax, signal: sending.signal },
  })
  // `on`: one that comes after the reply's head, too, would else end the process.
  sent.on('error', outcome.reject)
  sent.once('response', outcome.resolve)
  // One that switches protocols is closed without a word.
  sent.once('close', () => outcome.reject(new SendingFault('connection_lost')))
  limitTime(sent, limits)
  sent.end(body)
  return outcome.promise
}

const lookupOf = ({ resolve = systemResolve }: Pick<Sending, 'resolve'>) => publicLookup(resolve)

function limitTime(sent: ClientRequest, limits: TimeLimits): void {
  const end = (fault: string) => () => sent.destroy(new SendingFault(fault))
  const total = setTimeout(end('timeout'), limits.total)
  const connect = setTimeout(end('connect_timeout'), limits.connect)
  sent.once('socket', (socket) => {
    const isTls = 'encrypted' in socket
    socket.once(isTls ? 'secureConnect' : 'connect', () => clearTimeout(connect))
  })
  sent.once('close', () => {
    clearTimeout(total)
    clearTimeout(connect)
  })
}
