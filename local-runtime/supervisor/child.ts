import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'

export type Role = 'supervisor' | 'isolate' | 'worker' | 'relay' | 'caddy' | 'postgres' | 'redis'
export type Exit = { code: number | null; signal: NodeJS.Signals | null }

/** One process that we started, whoever knows how. */
export type Running = {
  pid: number
  /** Settles when the process is gone; never rejects. */
  exited: Promise<Exit>
  /** @param waitMs for a process that may take its time: how long, before it is killed */
  stop(waitMs?: number): Promise<unknown>
  /** What whoever started it should know. */
  remark?: string | null
  /** Functions that it serves; only for isolates. */
  loaded?: readonly string[]
  /** How long ago it was heard; only for programs that report to the supervisor. */
  silentMs?(): number
  version?: string
}

export type ChildMessage =
  /** `remark`: it serves, but something is wrong with it. */
  | { type: 'ready'; remark: string | null; loaded?: readonly string[] }
  /** It must not take the place of the one that runs. */
  | { type: 'refused'; reason: string }
  | { type: 'beat'; rssBytes: number }

export type ChildSpec = {
  program: string
  args: readonly string[]
  env: Record<string, string | undefined>
  /** Descriptors that the child finds from 4 on, after standard streams and the channel. */
  inherited?: readonly number[]
  /** Takes what it writes; must neither block nor throw. */
  onOutput: (chunk: Buffer) => void
}

export type Child = {
  process: ChildProcess
  pid: number
  exited: Promise<Exit>
  isRunning(): boolean
  /** The last it wrote, to tell why it ended. */
  tail(): string
}

const tailCharactersMax = 2_000

// The kernel's promise that a child ends with us, even after kill -9. Where it is missing, the child still
// sees its channel close.
const setpriv = ['/usr/bin/setpriv', '/bin/setpriv'].find((path) => existsSync(path))

/**
 * Starts a Node program with a message channel; it ends when this process does.
 * @throws {Error} the program could not be started
 */
export async function startChild(spec: ChildSpec): Promise<Child> {
  const prefix = setpriv === undefined ? [] : [setpriv, '--pdeathsig', 'KILL', '--']
  const [program = spec.program, ...args] = [...prefix, spec.program, ...spec.args]
  const child = spawn(program, args, {
    env: spec.env,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc', ...(spec.inherited ?? [])],
  })
  let tail = ''
  const keep = (chunk: Buffer) => {
    tail = (tail + chunk.toString('utf8')).slice(-tailCharactersMax)
    spec.onOutput(chunk)
  }
  child.stdout?.on('data', keep)
  child.stderr?.on('data', keep)
  const exited = new Promise<Exit>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }))
  })
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', reject)
  })
  // From here on an error is a message that could not be sent: the child's exit tells more.
  child.on('error', () => {})
  const isRunning = () => child.exitCode === null && child.signalCode === null
  return { process: child, pid: child.pid ?? 0, exited, isRunning, tail: () => tail.trim() }
}

const asked = new WeakSet<Child>()

/** Asks a process to end, once, and waits; ends it by force after `waitMs`. A second signal would end it at once. */
export async function stopChild(
  child: Child,
  signal: NodeJS.Signals,
  waitMs: number,
): Promise<void> {
  if (!child.isRunning()) return
  if (!asked.has(child)) child.process.kill(signal)
  asked.add(child)
  const force = setTimeout(() => child.process.kill('SIGKILL'), waitMs)
  await child.exited
  clearTimeout(force)
}
