import { type ChildProcess, spawn } from 'node:child_process'
import { accessSync, constants, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { delimiter, join } from 'node:path'
import { systemEnvironment } from '../config.ts'
import { ServiceError } from './service-error.ts'

// What is kept of a child's output, to tell why it ended.
const tailCharactersMax = 16_384

export { ServiceError } from './service-error.ts'

export type Command = {
  program: string
  args: string[]
  env?: Record<string, string> // added to the system's part of the environment
  cwd?: string
}

export type Exit = { code: number | null; signal: NodeJS.Signals | null }

/** A process that we started. */
export type Child = {
  pid: number
  exited: Promise<Exit>
  hasExited: () => boolean
  /** The last 16 K characters it wrote. */
  tail: () => string
  /** Sends the signals one after the other, each with its grace in milliseconds, until it is gone; SIGKILL comes last. */
  stop: (...steps: [NodeJS.Signals, number][]) => Promise<Exit>
}

/** Takes a child's output; must neither block nor throw. */
export type OutputSink = (chunk: Buffer) => void

/** @throws {ServiceError} the program is missing or must not be run */
export async function startChild(command: Command, sink: OutputSink = () => {}): Promise<Child> {
  const child = spawnCommand(command, 'ignore')
  let tail = ''
  const keep = (chunk: Buffer) => {
    tail = (tail + chunk.toString('utf8')).slice(-tailCharactersMax)
    sink(chunk)
  }
  child.stdout?.on('data', keep)
  child.stderr?.on('data', keep)
  let hasExited = false
  const exited = new Promise<Exit>((resolve) => {
    // `exit` and not `close`: a grandchild may hold the pipes open for long.
    child.once('exit', (code, signal) => {
      hasExited = true
      resolve({ code, signal })
    })
  })
  const pid = await spawned(child, command)
  const stop = async (...steps: [NodeJS.Signals, number][]) => {
    for (const [signal, graceMs] of [...steps, ['SIGKILL', 5000] as const]) {
      if (!hasExited) child.kill(signal)
      if (await isSettledWithin(exited, graceMs)) return exited
    }
    throw new ServiceError(`Process ${pid} (${command.program}) does not end, even after SIGKILL.`)
  }
  return { pid, exited, hasExited: () => hasExited, tail: () => tail, stop }
}

/**
 * Runs a program to its end.
 * @returns its exit and the last 16 K characters of its output
 * @throws {ServiceError} it is missing, or runs longer than `timeoutMs` and was killed
 */
export async function runToEnd(
  command: Command,
  options: { timeoutMs: number; input?: string },
): Promise<Exit & { output: string }> {
  const child = spawnCommand(command, options.input === undefined ? 'ignore' : 'pipe')
  let output = ''
  const keep = (chunk: Buffer) => {
    output = (output + chunk.toString('utf8')).slice(-tailCharactersMax)
  }
  child.stdout?.on('data', keep)
  child.stderr?.on('data', keep)
  const ended = new Promise<Exit>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }))
  })
  await spawned(child, command)
  // A program that ends before it has read everything is judged by its exit, not by EPIPE.
  child.stdin?.on('error', () => {})
  child.stdin?.end(options.input)
  if (await isSettledWithin(ended, options.timeoutMs)) return { ...(await ended), output }
  child.kill('SIGKILL')
  throw new ServiceError(`${command.program} did not end within ${options.timeoutMs / 1000} s.`)
}

function spawnCommand(
  { program, args, env, cwd }: Command,
  stdin: 'ignore' | 'pipe',
): ChildProcess {
  return spawn(program, args, {
    env: { ...systemEnvironment(), ...env },
    stdio: [stdin, 'pipe', 'pipe'],
    ...(cwd === undefined ? {} : { cwd }),
  })
}

function spawned(child: ChildProcess, { program }: Command): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', (err: NodeJS.ErrnoException) =>
      reject(new ServiceError(`${program} cannot be started (${err.code}).`, { cause: err })),
    )
    child.once('spawn', () => resolve(child.pid ?? 0))
  })
}

/** @returns absolute path of a program on the search path, or `null` */
export function findProgram(name: string, path = systemEnvironment().PATH ?? ''): string | null {
  // Daemons often lie in sbin, which the search path of ordinary users lacks.
  for (const folder of [...path.split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin']) {
    const candidate = join(folder, name)
    if (folder !== '' && isProgram(candidate)) return candidate
  }
  return null
}

export function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

/** The command, ended by `signal` when this process dies; unchanged where `setpriv` is missing. */
export function endingWithUs(command: Command, signal: 'INT' | 'KILL' | 'TERM'): Command {
  const setpriv = findProgram('setpriv')
  if (setpriv === null) return command
  const args = ['--pdeathsig', signal, '--', command.program, ...command.args]
  return { ...command, program: setpriv, args }
}

/** @throws {ServiceError} something else listens there already, or this user may not */
export async function assertPortIsFree(
  service: string,
  port: number,
  host = '127.0.0.1',
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const probe = createServer()
    probe.once('error', ({ code }: NodeJS.ErrnoException) => {
      const why =
        code === 'EADDRINUSE' ? 'is taken by another program' : `cannot be opened (${code})`
      // In .env, because every later command has to find the stack too.
      const fix = 'stop that program, or set OCTAVO_PORT=18080 in .env, which all commands read'
      reject(new ServiceError(`Port ${port} on ${host}, wanted for ${service}, ${why}: ${fix}.`))
    })
    probe.listen({ port, host, exclusive: true }, () => probe.close(() => resolve()))
  })
}

/**
 * Asks until the answer is neither `null` nor `false`.
 * @returns the answer, or `null` when `timeoutMs` have passed
 */
export async function poll<Answer>(
  ask: () => Answer | null | false | Promise<Answer | null | false>,
  { timeoutMs, intervalMs = 25 }: { timeoutMs: number; intervalMs?: number },
): Promise<Answer | null> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const answer = await ask()
    if (answer !== null && answer !== false) return answer
    if (performance.now() >= deadline) return null
    await new Promise((resolve) => setTimeout(resolve, intervalMs))
  }
}

export async function isSettledWithin(
  promise: Promise<unknown>,
  timeoutMs: number,
): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<false>()
  const timer = setTimeout(resolve, timeoutMs, false)
  try {
    return await Promise.race([promise.then(() => true), late])
  } finally {
    clearTimeout(timer)
  }
}
