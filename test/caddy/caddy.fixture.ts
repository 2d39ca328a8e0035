import { randomInt } from 'node:crypto'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestListener,
  request,
} from 'node:http'
import { createServer as createSocketServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type RunningCaddy, startCaddy } from '../../local-runtime/services/caddy.ts'
import { servicesDir } from '../harness/services-folder.ts'

export const caddyfile = join(import.meta.dirname, '..', '..', 'Caddyfile')
const startsMax = 5

export type Reply = { status: number; headers: IncomingHttpHeaders; body: string }
export type Send = {
  method?: string
  headers?: Record<string, string>
  body?: string | Buffer | AsyncIterable<Buffer>
}

/** A folder for sockets; the stack's own would be too long below some temporary folders. */
export async function newHome() {
  const home = await mkdtemp(join(tmpdir(), 'octavo-caddy-'))
  onTestFinished(() => rm(home, { recursive: true, force: true, maxRetries: 3 }))
  const run = join(home, 'run')
  await mkdir(run, { mode: 0o700 })
  return { home, run }
}

/** Takes what Caddy writes, as it is. */
export async function captureLog(run: string) {
  const captured = { text: '' }
  const server = createSocketServer((socket) => {
    socket.on('data', (chunk) => {
      captured.text += chunk.toString()
    })
    socket.on('error', () => {})
  })
  await new Promise<void>((resolve) => server.listen(join(run, 'caddy-logs.sock'), resolve))
  onTestFinished(() => void server.close())
  return captured
}

/** A function's socket that this test answers for. */
export async function startUpstream(run: string, name: string, listener: RequestListener) {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(join(run, `${name}.sock`), resolve))
  const stop = () => {
    server.closeAllConnections()
    server.close()
  }
  onTestFinished(stop)
  return { server, stop }
}

/** Answers with its name and what it got. */
export const echo =
  (name: string): RequestListener =>
  async (req, res) => {
    // Caddy breaks off a request whose body is too large.
    const chunks = await req.toArray().catch(() => null)
    if (chunks === null) return
    const body = Buffer.concat(chunks)
    const got = { name, url: req.url, headers: req.headers, bytes: body.length }
    const status = Number(new URL(req.url ?? '/', 'http://x').searchParams.get('status') ?? 200)
    res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(got))
  }

/** The project's Caddyfile on a port of the test's own. Something must listen on `caddy-logs.sock`. */
export async function openCaddy(
  { home, run }: { home: string; run: string },
  settings: Record<string, string> = {},
) {
  const port = await startOnFreePort(home, { OCTAVO_RUN: run, ...settings })
  const send = (path: string, options: Send = {}) => call(port, path, options)
  return { port, send, url: (path: string) => `http://127.0.0.1:${port}${path}` }
}

// Two files may draw the same port; the next draw will not.
async function startOnFreePort(home: string, env: Record<string, string>): Promise<number> {
  for (let start = 1; ; start += 1) {
    const port = randomInt(12_000, 29_000)
    try {
      keep(
        await startCaddy({
          home,
          caddyfile,
          servicesDir,
          bind: '127.0.0.1',
          port,
          env: { OCTAVO_PORT: String(port), ...env },
        }),
      )
      return port
    } catch (err) {
      if (start === startsMax) throw err
    }
  }
}

const keep = (caddy: RunningCaddy) => {
  onTestFinished(async () => {
    await caddy.stop()
  })
}

/** Sends a request and opens its reply; bodies of unknown length go in chunks. */
export function open(port: number, path: string, options: Send = {}): Promise<IncomingMessage> {
  const { method = 'GET', headers = {}, body } = options
  return new Promise((resolve, reject) => {
    const req = request({ host: '127.0.0.1', port, path, method, headers, agent: false }, resolve)
    req.on('error', reject)
    onTestFinished(() => void req.destroy())
    void writeBody(req, body).catch(reject)
  })
}

async function writeBody(req: ReturnType<typeof request>, body: Send['body']): Promise<void> {
  if (body === undefined || typeof body === 'string' || Buffer.isBuffer(body)) {
    req.end(body)
    return
  }
  for await (const chunk of body) {
    if (!req.write(chunk)) await new Promise((resolve) => req.once('drain', resolve))
  }
  req.end()
}

async function call(port: number, path: string, options: Send): Promise<Reply> {
  const res = await open(port, path, options)
  const body = Buffer.concat(await res.toArray()).toString()
  return { status: res.statusCode ?? 0, headers: res.headers, body }
}
