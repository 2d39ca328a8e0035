import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Log } from '../../functions/_shared/ports/log.ts'
import { ownProblem } from './problem.ts'

export type Deadlines = {
  /** From the last byte of a request to the first of its reply. */
  replyMs: number
  /** For a whole body, as long as it comes fast enough. */
  bodyMs: number
}

type Pending = {
  req: IncomingMessage
  res: ServerResponse
  startedAtMs: number
  bodyDoneAtMs: number | null
  /** Bytes of the connection when it was last looked at for speed, and when. */
  seenBytes: number
  seenAtMs: number
}

const sweepMs = 250
// Slower bodies only hold a connection: 100 MiB would take half an hour.
const bodyBytesPerSecondMin = 64 * 1024
const speedWindowMs = 20_000

/**
 * The requests under way, and their deadlines. The functions have deadlines of their own and answer better;
 * this one holds when their code waits for ever.
 */
export class Requests {
  readonly #pending = new Set<Pending>()
  readonly #deadlines: Deadlines
  readonly #log: Log
  readonly #timer: NodeJS.Timeout

  constructor(deadlines: Deadlines, log: Log) {
    this.#deadlines = deadlines
    this.#log = log
    this.#timer = setInterval(() => this.#sweep(performance.now()), sweepMs)
    this.#timer.unref()
  }

  get size(): number {
    return this.#pending.size
  }

  add(req: IncomingMessage, res: ServerResponse): void {
    const startedAtMs = performance.now()
    const seenBytes = req.socket.bytesRead
    const pending = { req, res, startedAtMs, bodyDoneAtMs: null, seenBytes, seenAtMs: startedAtMs }
    this.#pending.add(pending)
    res.once('close', () => this.#pending.delete(pending))
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #sweep(nowMs: number): void {
    for (const pending of this.#pending) {
      if (pending.res.headersSent) continue
      const reason = this.#lateBecause(pending, nowMs)
      if (reason !== null) this.#giveUp(pending, reason)
    }
  }

  #lateBecause(pending: Pending, nowMs: number): 'reply' | 'body' | null {
    const { req } = pending
    if (req.complete) {
      pending.bodyDoneAtMs ??= nowMs
      return nowMs - pending.bodyDoneAtMs > this.#deadlines.replyMs ? 'reply' : null
    }
    if (nowMs - pending.startedAtMs > this.#deadlines.bodyMs) return 'body'
    if (nowMs - pending.seenAtMs < speedWindowMs) return null
    const bytesPerSecond =
      ((req.socket.bytesRead - pending.seenBytes) * 1000) / (nowMs - pending.seenAtMs)
    // A function that does not read on leaves its caller no room to send: its own deadline is the reply's. One that
    // takes its time and reads on again is at work.
    if (!req.readableFlowing && req.socket.bytesRead === pending.seenBytes)
      return nowMs - pending.seenAtMs > this.#deadlines.replyMs ? 'reply' : null
    if (req.readableFlowing && bytesPerSecond < bodyBytesPerSecondMin) return 'body'
    pending.seenBytes = req.socket.bytesRead
    pending.seenAtMs = nowMs
    return null
  }

  #giveUp({ req, res }: Pending, reason: 'reply' | 'body'): void {
    const { 'x-request-id': given } = req.headers
    const requestId = typeof given === 'string' ? given : crypto.randomUUID()
    const problem =
      reason === 'reply'
        ? ownProblem('unavailable', requestId)
        : ownProblem('malformed', requestId, 'The body came too slowly.')
    this.#log.error('A request missed its deadline', {
      code: 'deadline',
      request_id: requestId,
      method: req.method ?? null,
      path: req.url?.split('?')[0] ?? null,
      status: problem.status,
    })
    void problem.text().then((body) => {
      if (res.headersSent) return
      const headers = Object.fromEntries(problem.headers)
      res.writeHead(problem.status, { ...headers, connection: 'close' }).end(body)
    })
  }
}
