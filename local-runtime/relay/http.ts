import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Collector } from './collector.ts'
import { lostLines } from './counters.ts'
import { batchBytesMax, lineCharactersMax } from './line.ts'
import { LineSplitter } from './line-splitter.ts'
import { entriesMax } from './recent-entries.ts'
import type { Sink } from './sink.ts'

const sendersMax = 1_000

type Surroundings = { collector: Collector; sink: Sink; batches: BatchNumbers }

/** `POST /_logs`, `GET /entries?limit=`, `GET /groups`, `GET /health`; see docs/errors-and-logs.md. */
export function newHttpHandler(collector: Collector, sink: Sink): RequestListener {
  const surroundings = { collector, sink, batches: new BatchNumbers() }
  const since = new Date().toISOString()
  const routes: Record<string, (url: URL) => unknown> = {
    '/entries': (url) => entriesPage(surroundings, url),
    '/groups': () => ({ items: collector.groups.list(), since }),
    '/health': () => state(surroundings),
  }
  return (req, res) => {
    const url = new URL(req.url ?? '/', 'http://relay')
    const route = routes[url.pathname]
    if (req.method === 'POST' && url.pathname === '/_logs') takeBatch(req, res, surroundings)
    else if (req.method === 'GET' && route) sendJson(res, route(url))
    else res.writeHead(404).end()
  }
}

function state({ collector: { counters }, sink }: Surroundings) {
  return {
    degraded: sink.isDegraded,
    dropped: lostLines(counters),
    counters,
    rss_bytes: process.memoryUsage.rss(),
  }
}

function entriesPage(surroundings: Surroundings, url: URL) {
  const { sink } = surroundings
  const entries = sink
    .entries(numberIn(url, 'limit', entriesMax))
    .map(({ json }): unknown => JSON.parse(json))
  const { degraded, dropped } = state(surroundings)
  return { entries, degraded, dropped }
}

/** A batch counts when it has come whole, and once, however often it is sent. */
function takeBatch(
  req: IncomingMessage,
  res: ServerResponse,
  { collector, batches }: Surroundings,
) {
  const chunks: Buffer[] = []
  let bytes = 0
  req.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes <= batchBytesMax) chunks.push(chunk)
    else chunks.length = 0
  })
  req.on('error', () => {})
  req.on('end', () => {
    if (bytes > batchBytesMax) return res.writeHead(413).end()
    if (batches.isNew(req.headers['x-batch'])) {
      collector.loseUnsent(Number(req.headers['x-dropped']))
      readLines(Buffer.concat(chunks), collector)
    }
    res.writeHead(204).end()
  })
}

function readLines(body: Buffer, collector: Collector): void {
  const lines = new LineSplitter({
    lineCharactersMax,
    onLine: (line) => collector.takeLine(line),
    onOversize: () => collector.loseOversized(),
  })
  lines.write(body)
  lines.end()
}

/** Remembers the last batch of each sender. */
class BatchNumbers {
  readonly #last = new Map<string, number>()

  /** @param batch `<sender>.<number>`; without one a batch is always new */
  isNew(batch: string | string[] | undefined): boolean {
    const [, sender, digits] = /^([\w-]{8,64})\.(\d{1,15})$/.exec(String(batch)) ?? []
    if (sender === undefined) return true
    const number = Number(digits)
    const last = this.#last.get(sender) ?? 0
    if (number <= last) return false
    this.#last.delete(sender)
    this.#last.set(sender, number)
    const [oldest] = this.#last.keys()
    if (this.#last.size > sendersMax && oldest !== undefined) this.#last.delete(oldest)
    return true
  }
}

function numberIn(url: URL, name: string, max: number): number {
  const value = Number(url.searchParams.get(name) ?? max)
  return Number.isInteger(value) && value >= 0 ? Math.min(value, max) : max
}

function sendJson(res: ServerResponse, value: unknown): void {
  res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}
