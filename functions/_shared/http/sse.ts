import type { Call } from './call.ts'

// Proxies drop silent connections; a comment every 15 s keeps them and finds dead clients.
const keepAliveMs = 15_000
// As long as a revoked key may go on making requests. All streams of a key share one indexed read.
const admissionCheckMs = 1_000

/** One server-sent event. `data` is sent as JSON. */
export type ServerEvent = { event: string; data: unknown; id?: string }

const headers = { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' }
const encoder = new TextEncoder()
const encode = ({ event, data, id }: ServerEvent): string =>
  `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`

/**
 * Streams what `produce` yields as `text/event-stream` and closes after it. A slow reader holds `produce` back.
 * `produce` gets a signal that aborts when the client goes away or is no longer admitted; it must end then.
 */
export function eventStream(
  c: Call,
  produce: (signal: AbortSignal) => AsyncIterable<ServerEvent>,
): Response {
  // Nobody reads, closes or cancels the body of a HEAD reply: it would wait for a reader until the process ends.
  if (c.request.method === 'HEAD') return new Response(null, { headers })
  const gone = new AbortController()
  const signal = AbortSignal.any([gone.signal, c.signal])
  const reader = { isReady: () => {} }
  signal.addEventListener('abort', () => reader.isReady())

  async function send(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    const hasRoom = () => (controller.desiredSize ?? 0) > 0
    const keepAlive = setInterval(() => {
      if (hasRoom()) controller.enqueue(encoder.encode(': keep-alive\n\n'))
    }, keepAliveMs)
    try {
      for await (const event of produce(signal)) {
        if (signal.aborted) break
        controller.enqueue(encoder.encode(encode(event)))
        if (!hasRoom())
          await new Promise<void>((resolve) => {
            reader.isReady = resolve
          })
      }
    } catch (err) {
      if (!signal.aborted) c.log.warn('event stream ended early', {}, err)
    } finally {
      clearInterval(keepAlive)
      gone.abort()
      closeQuietly(controller)
    }
  }

  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      void send(controller) // it catches everything, and its end closes the stream
      void endWithAdmission(c, gone, signal) // likewise
    },
    pull: () => reader.isReady(),
    cancel: () => gone.abort(),
  })
  return new Response(body, { headers })
}

/** Ends the stream once its caller would not be let in again, or nobody can tell. */
async function endWithAdmission(
  c: Call,
  stream: AbortController,
  signal: AbortSignal,
): Promise<void> {
  try {
    await pause(admissionCheckMs, signal)
    while (!signal.aborted && (await c.stillAdmitted())) await pause(admissionCheckMs, signal)
    if (!signal.aborted) c.log.info('event stream ended: its caller is no longer admitted')
  } catch (err) {
    if (!signal.aborted) c.log.warn('event stream ended early', {}, err)
  }
  stream.abort()
}

// A cancelled stream is closed already, and closing it again throws.
function closeQuietly(controller: ReadableStreamDefaultController): void {
  try {
    controller.close()
  } catch {
    return
  }
}

/** Waits, or returns early when the signal aborts. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done)
  })
}
