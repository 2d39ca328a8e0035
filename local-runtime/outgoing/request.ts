import { type ClientRequest, type IncomingMessage, request as requestPlain } from 'node:http'
import { request as requestTls } from 'node:https'
import { isIP } from 'node:net'
import {
  type Outgoing,
  OutgoingFault,
  type OutgoingLimits,
  type OutgoingReply,
  type OutgoingRequest,
} from '../../functions/_shared/ports/outgoing.ts'
import { isPublicAddress } from './addresses.ts'
import { faultOf } from './faults.ts'
import { AddressRefused, publicLookup, type Resolve, systemResolve } from './lookup.ts'

const headBytesMax = 16 * 1024

/**
 * Requests of this host to somebody else's servers.
 * @param resolve asks the name servers, unless a test knows better
 */
export const outgoingOf =
  (resolve?: Resolve): Outgoing =>
  async (asked) => {
    try {
      return await send(asked, resolve)
    } catch (err) {
      asked.signal.throwIfAborted()
      throw faultOf(err)
    }
  }

function send(asked: OutgoingRequest, resolve: Resolve | undefined): Promise<OutgoingReply> {
  const { url, method, headers, body, signal, allowsPrivate, limits } = asked
  const host = url.hostname.replaceAll(/[[\]]/g, '')
  // An address is never looked up, so it is judged here.
  if (!allowsPrivate && isIP(host) !== 0 && !isPublicAddress(host))
    return Promise.reject(new AddressRefused(host))
  const outcome = Promise.withResolvers<IncomingMessage>()
  const request = url.protocol === 'https:' ? requestTls : requestPlain
  const sent = request(url, {
    ...{ method, headers: { ...headers, ...lengthOf(body) }, agent: false },
    ...(allowsPrivate && !resolve ? {} : { lookup: publicLookup(resolve ?? systemResolve) }),
    ...{ rejectUnauthorized: true, maxHeaderSize: headBytesMax, signal },
  })
  sent.once('response', outcome.resolve)
  // `on`: one that comes after the reply's head, too, would else end the process.
  sent.on('error', outcome.reject)
  // One that switches protocols is closed without a word.
  sent.once('close', () => outcome.reject(new OutgoingFault('connection_lost')))
  const time = limitTime(sent, limits)
  sent.end(body)
  return outcome.promise.then((reply) => replyOf(reply, { signal, time }))
}

const lengthOf = (body: string | undefined): Record<string, string> =>
  body === undefined ? {} : { 'content-length': String(new TextEncoder().encode(body).byteLength) }

/** Whether the time was up: what reads a body then is told of a lost connection only. */
type Time = { fault: OutgoingFault | null }

function limitTime(sent: ClientRequest, limits: OutgoingLimits): Time {
  const time: Time = { fault: null }
  const end = (code: string) => () => {
    time.fault = new OutgoingFault(code)
    sent.destroy(time.fault)
  }
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
  return time
}

type Around = { signal: AbortSignal; time: Time }

function replyOf(reply: IncomingMessage, around: Around): OutgoingReply {
  reply.on('error', () => {}) // also when nobody reads any more
  const { statusCode = 0, headers } = reply
  const texts = Object.entries(headers).map(([name, value]) => [name, value?.toString()])
  return {
    statusCode,
    headers: Object.fromEntries(texts),
    body: bytesOf(reply, around),
    close: () => void reply.destroy(),
  }
}

async function* bytesOf(
  reply: IncomingMessage,
  { signal, time }: Around,
): AsyncIterable<Uint8Array> {
  try {
    yield* reply as AsyncIterable<Uint8Array>
  } catch (err) {
    signal.throwIfAborted()
    throw time.fault ?? faultOf(err)
  }
}
