import { createConnection } from 'node:net'
import { dirname, join } from 'node:path'
import { ensureFolders, stackPaths } from '../config.ts'
import { caddyPackage, ensurePrograms } from './debian-packages.ts'
import { claimFolder } from './folder-owner.ts'
import type { ServiceHealth } from './health.ts'
import {
  assertPortIsFree,
  type Command,
  type Exit,
  endingWithUs,
  type OutputSink,
  poll,
  runToEnd,
  ServiceError,
  startChild,
} from './process.ts'
import { asServiceError } from './service-error.ts'
import { endProcessesIn } from './service-orphans.ts'

const startTimeoutMs = 15_000
const stopMs = 15_000

export type CaddyOptions = {
  home: string
  caddyfile: string
  env: Record<string, string> // what the Caddyfile asks for by {$NAME}
  bind: string
  port: number
  servicesDir?: string // default <home>/services; tests share one
  sink?: OutputSink
}

export type RunningCaddy = {
  pid: number
  version: string
  exited: Promise<Exit>
  stop: () => Promise<Exit>
}

/** @throws {ServiceError} what Caddy has against the Caddyfile, or that it cannot be found */
export async function validateCaddyfile(
  options: Omit<CaddyOptions, 'bind' | 'port'>,
): Promise<void> {
  const command = await caddyCommand(options, 'validate')
  const { code, output } = await runToEnd(command, { timeoutMs: 20_000 })
  if (code === 0) return
  throw new ServiceError(`The Caddyfile ${options.caddyfile} is not valid: ${lastError(output)}.`)
}

/**
 * Starts Caddy with a Caddyfile; returns when it takes connections.
 * @throws {ServiceError} one sentence: not to be found, Caddyfile not valid, taken port
 */
export async function startCaddy(options: CaddyOptions): Promise<RunningCaddy> {
  const { home, bind, port, sink } = options
  const folder = stackPaths(home).caddy
  ensureFolders(home)
  await validateCaddyfile(options)
  // Asked while it starts; nothing but what is shown depends on it.
  const version = caddyVersion(options).catch(() => 'unknown')
  const giveBack = claimFolder('Caddy', folder)
  try {
    await endProcessesIn(folder, 'caddy')
    await assertPortIsFree('Caddy', port, bind)
    const child = await startChild(endingWithUs(await caddyCommand(options, 'run'), 'KILL'), sink)
    void child.exited.then(giveBack)
    const state = await poll(
      async () => {
        if (child.hasExited()) return 'ended'
        return (await isOpen(reachable(bind), port, 500)) && 'ready'
      },
      { timeoutMs: startTimeoutMs, intervalMs: 10 },
    )
    const stop = () => child.stop(['SIGTERM', stopMs])
    if (state === 'ready')
      return { pid: child.pid, version: await version, exited: child.exited, stop }
    await stop()
    throw new ServiceError(`Caddy cannot start: ${lastError(child.tail())}.`)
  } catch (err) {
    giveBack()
    throw asServiceError('Caddy', err)
  }
}

/**
 * What the Caddyfile asks for as `CORS_ORIGINS_PATTERN`.
 * @param origins those of `CORS_ORIGINS`; `*localhost*` stands for any port of this machine
 * @returns a regular expression of Go; one that matches nothing when there are none
 */
export function corsOriginsPattern(origins: readonly string[]): string {
  const literally = (text: string) => text.replace(/[^\w/:-]/g, (character) => `[${character}]`)
  const hosts = ['localhost', '127.0.0.1', '[::1]'].map(literally).join('|')
  const alternatives = origins.map((origin) =>
    origin === '*localhost*' ? `https?://(${hosts})(:[0-9]+)?` : literally(origin),
  )
  return origins.length === 0 ? '$.' : `^(${alternatives.join('|')})$`
}

/** Takes Caddy connections? Its version is asked of the program, since its admin interface is off. */
export async function checkCaddy(options: {
  home: string
  bind: string
  port: number
  servicesDir?: string
}): Promise<ServiceHealth> {
  const { bind, port } = options
  if (!(await isOpen(reachable(bind), port, 1000))) return { status: 'down', detail: 'no answer' }
  return { status: 'ok', version: await caddyVersion(options) }
}

async function caddyVersion(options: { home: string; servicesDir?: string }): Promise<string> {
  const folder = options.servicesDir ?? stackPaths(options.home).services
  const [found] = await ensurePrograms(folder, [caddyPackage])
  if (found === undefined) return 'unknown'
  const { output } = await runToEnd({ ...found, args: ['version'] }, { timeoutMs: 5000 })
  return output.trim().split(/\s/)[0] || 'unknown'
}

async function caddyCommand(
  { home, servicesDir, caddyfile, env }: Omit<CaddyOptions, 'bind' | 'port'>,
  verb: 'run' | 'validate',
): Promise<Command> {
  const { caddy, services } = stackPaths(home)
  ensureFolders(home)
  const [found] = await ensurePrograms(servicesDir ?? services, [caddyPackage])
  if (found === undefined) throw new ServiceError('caddy cannot be found.')
  // Caddy stores certificates and its last configuration there; without these it would write into the user's home.
  const folders = { XDG_DATA_HOME: join(caddy, 'data'), XDG_CONFIG_HOME: join(caddy, 'config') }
  const args = [verb, '--config', caddyfile, '--adapter', 'caddyfile']
  // Only the server works in our folder: that is how an orphan is told from others.
  const cwd = verb === 'run' ? caddy : dirname(caddyfile)
  return { program: found.program, args, cwd, env: { ...found.env, ...folders, ...env } }
}

function lastError(output: string): string {
  const lines = output.trim().split('\n')
  const line = lines.findLast((text) => /error|denied|already in use/i.test(text)) ?? lines.at(-1)
  const text = line?.replace(/^Error: /i, '').replace(/\.$/, '')
  return text === undefined || text === '' ? 'it told no reason; see its log' : text
}

function reachable(bind: string): string {
  if (bind === '0.0.0.0') return '127.0.0.1'
  return bind === '::' ? '::1' : bind
}

function isOpen(host: string, port: number, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host, port, timeout: timeoutMs })
    const settle = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('connect', () => settle(true))
    socket.once('timeout', () => settle(false))
    socket.once('error', () => settle(false))
  })
}
