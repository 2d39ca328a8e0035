import { chmodSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Manifest } from '../build.ts'
import type { Emit, KeptService, ProcessState } from './supervisor.ts'

/** What `octavo deploy` sends: the build to run, which functions share a process, and the environment for all. */
export type Deployment = {
  manifest: Manifest
  groups: string[][]
  env: Record<string, string | undefined>
}

/** Another number is another understanding of {@link Deployment}: then the supervisor itself is replaced. */
export const controlProtocol = 1

export type Services = { services: KeptService[] }

export type Status = { protocol: number; processes: ProcessState[] }

/** What the command line and `health` ask of the supervisor, at a socket that only its user can reach. */
export type Control = {
  status(): Promise<Status>
  services(): Services
  deploy(body: string, emit: Emit): Promise<void>
  replace(body: string, emit: Emit): Promise<void>
  stop(emit: Emit): Promise<void>
  /** The reply to `stop` has been sent. */
  onStopped(): void
}

const bodyBytesMax = 4 * 1024 * 1024

/** Listens at `path`. Streams one JSON line a step; a failure is the last line, `{ "error": "..." }`. */
export async function serveControl(path: string, control: Control): Promise<Server> {
  rmSync(path, { force: true })
  const server = createServer((req, res) => {
    void answer(req, res, control)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, resolve)
  })
  chmodSync(path, 0o600)
  return server
}

async function answer(req: IncomingMessage, res: ServerResponse, control: Control): Promise<void> {
  const tell = (line: object) => {
    // The command may have been killed; the work goes on.
    if (!res.destroyed) res.write(`${JSON.stringify(line)}\n`)
  }
  res.on('error', () => {})
  try {
    const body = await readBody(req)
    switch (`${req.method} ${req.url}`) {
      case 'GET /status':
        tell(await control.status())
        break
      case 'GET /services':
        tell(control.services())
        break
      case 'POST /deploy':
        await control.deploy(body, tell)
        break
      case 'POST /replace':
        await control.replace(body, tell)
        break
      case 'POST /stop':
        await control.stop(tell)
        res.end(() => control.onStopped())
        return
      default:
        res.statusCode = 404
    }
  } catch (err) {
    tell({ error: err instanceof Error ? err.message : String(err) })
  }
  res.end()
}

async function readBody(req: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of req as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > bodyBytesMax) throw new Error('The request is too large.')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
