import { request } from 'node:http'
import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import { type Stack, startStack } from '../harness/stack.ts'
import { type Operation, setupAll } from './functions.ts'
import { type HostileRequest, hostileRequests, seedOf } from './hostile-requests.ts'
import { createResources } from './resources.ts'

// Longer than any of these requests may take, shorter than the proxy's patience.
const hangMs = 20_000
const lanes = 8
const unlimited = '10000000'

/** A stack whose limits do not answer in place of its functions. */
export const startUnlimited = (): Promise<Stack> =>
  startStack({
    settings: {
      RATE_KEY_PER_SECOND: unlimited,
      RATE_KEY_BURST: unlimited,
      RATE_ADDRESS_PER_SECOND: unlimited,
      RATE_ADDRESS_BURST: unlimited,
      RATE_AUTH_FAILURES_PER_MINUTE: unlimited,
    },
  })

export const allOperations = async (): Promise<Operation[]> => (await setupAll()).operations

/** Sends `count` hostile requests for one operation through the real front door. @returns what was wrong with replies */
export async function hostileFaults(
  stack: Stack,
  operation: Operation,
  count: number,
): Promise<string[]> {
  const { operationId } = operation.route
  const name = `front-${operationId.toLowerCase()}`
  // Only what the path names: through the front door a row costs twenty times what it does without.
  const resources = await createResources(callerOf(stack), name, [operation.functionName])
  const options = { key: stack.adminKey, count, seed: seedOf(operationId) }
  const left = hostileRequests(operation, resources[operation.functionName] ?? {}, options)
  const faults: string[] = []
  const lane = async () => {
    for (let next = left.pop(); next; next = left.pop()) {
      const fault = await faultOf(stack, next)
      if (fault) faults.push(`${fault} <- ${next.description}`)
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  // A tenant has at most twenty of them.
  if (resources.webhooks)
    await stack.request(`/v1/webhooks/${resources.webhooks.id}`, { method: 'DELETE' })
  return faults
}

function callerOf(stack: Stack) {
  const send = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    stack.request(path, {
      method: 'POST',
      body: typeof body === 'string' ? body : JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...headers },
    })
  return {
    post: (path: string, body?: unknown, options: { headers?: Record<string, string> } = {}) =>
      send(path, body, options.headers),
    get: (path: string) => stack.request(path),
  }
}

type Answer = { status: number; type: string; hasId: boolean; text: string }

async function faultOf(stack: Stack, hostile: HostileRequest): Promise<string | null> {
  const answer = await sent(stack, hostile).catch((err: Error) => err)
  if (answer instanceof Error) return wasCutOff(answer, hostile) ? null : answer.message
  const { status, type, hasId, text } = answer
  if (status >= 500) return `status ${status}: ${text.slice(0, 200)}`
  if (status < 400 || type === 'application/problem+json') return null
  // Caddy's own parser refuses a malformed target, framing or header before any handler, and names no request.
  return [400, 431].includes(status) && !hasId ? null : `${status} with content type ${type}`
}

// Go answers a refusal at once, then reads at most 256 KiB more and closes: who still sends then may lose the answer. After a
// length that is none it reads nothing more.
const readAfterRefusalBytes = 256 * 1024

function wasCutOff(err: Error, { init }: HostileRequest): boolean {
  const { code } = err as NodeJS.ErrnoException
  const isLarge = typeof init.body !== 'string' || init.body.length > readAfterRefusalBytes
  const isMisframed = 'content-length' in (init.headers as Record<string, string>)
  return (isLarge || isMisframed) && (code === 'ECONNRESET' || code === 'EPIPE')
}

/** By node:http, which sends paths and headers as they are; `fetch` would mend them. */
function sent({ port }: Stack, { url, init }: HostileRequest): Promise<Answer> {
  const path = url.replace('http://octavo.test', '')
  const headers = { ...(init.headers as Record<string, string>) }
  const { body } = init
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path, headers, method: init.method ?? 'GET' }
    const req = request({ ...options, agent: false }, (res) => {
      let text = ''
      const done = () => {
        clearTimeout(timer)
        const { 'content-type': type = '', 'x-request-id': id } = res.headers
        resolve({ status: res.statusCode ?? 0, type, hasId: id !== undefined, text })
      }
      res.on('data', (chunk) => {
        text += chunk
        // A stream of events has no end of its own.
        if (res.headers['content-type'] === 'text/event-stream') req.destroy()
      })
      res.once('close', done)
    })
    const timer = setTimeout(() => req.destroy(new Error('hangs')), hangMs)
    req.once('error', (err) => {
      clearTimeout(timer)
      reject(err)
    })
    if (body instanceof ReadableStreamClass) Readable.fromWeb(body as ReadableStream).pipe(req)
    else req.end(body ?? undefined)
  })
}

const ReadableStreamClass = globalThis.ReadableStream
