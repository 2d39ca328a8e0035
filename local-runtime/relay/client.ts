import { randomUUID } from 'node:crypto'
import { Agent, request } from 'node:http'
import type { RelayLine } from './line.ts'

const linesMax = 1_000
const batchLinesMax = 200
const batchDelayMs = 20
const postTimeoutMs = 2_000
const retryDelayMs = 250

type Batch = { number: number; body: string; lines: number; dropped: number }

/**
 * Lines on their way to the relay: in batches, one at a time. Keeps no process alive and slows none; while the
 * relay is away the newest 1,000 lines wait.
 */
export class RelayClient {
  readonly #socketPath: string
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 })
  readonly #sender = randomUUID()
  readonly #queue: RelayLine[] = []
  #batch: Batch | null = null // sent, or to be sent again; its number tells the relay which
  #batchNumber = 0
  #dropped = 0
  #reported = 0
  #isPosting = false
  #timer: NodeJS.Timeout | null = null

  /** @param socketPath the relay's `relay.sock` */
  constructor(socketPath: string) {
    this.#socketPath = socketPath
  }

  /** Lines lost so far. */
  get dropped(): number {
    return this.#dropped
  }

  /** Queues a line; returns at once and never throws. A full queue loses its oldest line and counts it. */
  send(line: RelayLine): void {
    this.#queue.push(line)
    if (this.#queue.length > linesMax) {
      this.#queue.shift()
      this.#dropped += 1
    }
    this.#schedule(batchDelayMs)
  }

  /** Waits until nothing is left to send, at most `waitMs`: before a process ends. */
  async flush(waitMs: number): Promise<void> {
    const deadline = Date.now() + waitMs
    while (this.#hasWork && Date.now() < deadline) {
      if (!this.#isPosting) void this.#post()
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }

  close(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#queue.length = 0
    this.#batch = null
    this.#agent.destroy()
  }

  get #hasWork(): boolean {
    return this.#batch !== null || this.#queue.length > 0
  }

  #schedule(delayMs: number): void {
    if (this.#timer || this.#isPosting || !this.#hasWork) return
    this.#timer = setTimeout(() => {
      this.#timer = null
      void this.#post()
    }, delayMs).unref()
  }

  async #post(): Promise<void> {
    if (this.#isPosting || !this.#hasWork) return
    const batch = this.#batch ?? this.#nextBatch()
    this.#batch = batch
    this.#isPosting = true
    const status = await this.#deliver(batch)
    this.#isPosting = false
    const isRefused = status !== null && status >= 400 && status < 500
    if (isRefused) this.#dropped += batch.lines
    if (status === 204) this.#reported += batch.dropped
    if (isRefused || status === 204) this.#batch = null
    this.#schedule(this.#batch ? retryDelayMs : 0)
  }

  #nextBatch(): Batch {
    const lines = this.#queue.splice(0, batchLinesMax)
    const body = lines.map((line) => `${JSON.stringify(line)}\n`).join('')
    this.#batchNumber += 1
    const dropped = this.#dropped - this.#reported
    return { number: this.#batchNumber, body, lines: lines.length, dropped }
  }

  /** @returns the reply's status, or `null` when none came */
  #deliver({ number, body, dropped }: Batch): Promise<number | null> {
    return new Promise((resolve) => {
      const req = request({
        agent: this.#agent,
        socketPath: this.#socketPath,
        path: '/_logs',
        method: 'POST',
        timeout: postTimeoutMs,
        headers: {
          'content-type': 'application/x-ndjson',
          'content-length': Buffer.byteLength(body),
          'x-batch': `${this.#sender}.${number}`,
          'x-dropped': String(dropped),
        },
      })
      req.on('socket', (socket) => socket.unref())
      req.on('response', (res) => {
        res.on('error', () => {})
        res.resume()
        resolve(res.statusCode ?? null)
      })
      req.on('timeout', () => req.destroy())
      req.on('error', () => resolve(null))
      req.end(body)
    })
  }
}

/** Opens a client of the relay that listens, or will listen, on this socket. */
export const createRelayClient = (socketPath: string): RelayClient => new RelayClient(socketPath)
