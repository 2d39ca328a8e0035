import { request } from 'node:http'
import { createInterface } from 'node:readline'
import type { Status } from './control.ts'
import type { Step } from './supervisor.ts'

const connectTimeoutMs = 2_000

/** No supervisor answers at its socket. */
export class NotRunning extends Error {
  override readonly name = 'NotRunning'

  constructor() {
    super('The stack is not running.')
  }
}

/** @throws {NotRunning} */
export async function readStatus(socketPath: string): Promise<Status> {
  let status: Status | undefined
  await ask(socketPath, { method: 'GET', path: '/status' }, (line) => {
    status = line as Status
  })
  if (status === undefined) throw new NotRunning()
  return status
}

/**
 * Has the supervisor do something and tells each step as it is done.
 * @throws {NotRunning}; {Error} with the sentence of the step that failed
 */
export function command(
  socketPath: string,
  path: '/deploy' | '/replace' | '/stop',
  options: { body?: unknown; onStep: (step: Step) => void },
): Promise<void> {
  const body = JSON.stringify(options.body ?? {})
  return ask(socketPath, { method: 'POST', path, body }, (line) => options.onStep(line as Step))
}

type Asked = { method: string; path: string; body?: string }

function ask(socketPath: string, asked: Asked, onLine: (line: object) => void): Promise<void> {
  const { method, path, body } = asked
  return new Promise((resolve, reject) => {
    let failure: Error | null = null
    const req = request({ socketPath, method, path, agent: false }, (res) => {
      const lines = createInterface({ input: res })
      // A reply that is cut ends the lines too; `complete` tells the difference.
      lines.on('error', () => {})
      lines.on('line', (text) => {
        const line = JSON.parse(text) as { error?: string }
        if (line.error === undefined) onLine(line)
        else failure = new Error(line.error)
      })
      lines.on('close', () => {
        if (failure) reject(failure)
        else if (res.complete) resolve()
        else reject(new Error('The supervisor ended before it was done; see its log.'))
      })
      res.on('error', () => {})
    })
    const silent = setTimeout(() => req.destroy(), connectTimeoutMs)
    req.on('socket', (socket) => socket.once('connect', () => clearTimeout(silent)))
    req.on('error', (err: NodeJS.ErrnoException) => {
      clearTimeout(silent)
      const isAway = ['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'ENOTDIR'].includes(err.code ?? '')
      reject(isAway ? new NotRunning() : err)
    })
    req.end(body)
  })
}
