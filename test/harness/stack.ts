import { execFile, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { mkdirSync, readFileSync, readlinkSync, symlinkSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { statusReport } from '../../local-runtime/commands/status.ts'
import { socketPath, stackPaths } from '../../local-runtime/config.ts'
import { readStatus } from '../../local-runtime/supervisor/control-client.ts'
import type { ProcessState } from '../../local-runtime/supervisor/supervisor.ts'
import { onFileEnd } from './database.ts'
import { eventually } from './eventually.ts'
import { servicesDir } from './services-folder.ts'

export type Status = ReturnType<typeof statusReport>
export type Ended = { code: number; output: string }

export type StackOptions = {
  /** Added to the environment of every command. */
  settings?: Record<string, string>
  /** Whose code runs; default: this checkout. */
  checkout?: string
}

const commandMs = 120_000
const stopMs = 30_000

/** A whole stack of its own: the real programs in a home in the temporary folder, on a port of its own. */
export class Stack {
  readonly home: string
  readonly port: number
  readonly baseUrl: string
  readonly checkout: string
  readonly env: Record<string, string>

  constructor(home: string, { settings = {}, checkout = resolve('.') }: StackOptions) {
    this.home = home
    this.checkout = checkout
    this.port = randomInt(20_000, 24_000)
    this.baseUrl = `http://127.0.0.1:${this.port}`
    const { PATH = '', HOME = '' } = process.env
    // Nothing else of the suite's environment: its DATABASE_URL is not for this stack.
    this.env = { PATH, HOME, ...settings }
    Object.assign(this.env, { OCTAVO_HOME: home, OCTAVO_PORT: String(this.port) })
  }

  /** Runs `octavo <args>` to its end. */
  octavo(...args: string[]): Promise<Ended> {
    return this.run(process.execPath, [join(this.checkout, 'local-runtime/main.ts'), ...args])
  }

  /** Runs a program in the checkout with this stack's environment. */
  run(program: string, args: string[]): Promise<Ended> {
    const { env, checkout: cwd } = this
    return new Promise((settle) => {
      execFile(program, args, { env, cwd, timeout: commandMs }, (err, stdout, stderr) => {
        const code = err === null ? 0 : typeof err.code === 'number' ? err.code : 1
        settle({ code, output: stdout + stderr })
      })
    })
  }

  /** Starts it, or brings it to its checkout's code. @throws {Error} with all that was printed */
  async deploy(...args: string[]): Promise<string> {
    const { code, output } = await this.octavo('deploy', '--no-smoke', ...args)
    if (code !== 0) throw new Error(`octavo deploy ended with ${code}:\n${output}`)
    return output
  }

  /** What `status --json` prints. */
  async status(): Promise<Status> {
    return JSON.parse((await this.octavo('status', '--json')).output) as Status
  }

  /** What the supervisor knows, without a process in between. @throws it does not answer */
  async processes(): Promise<ProcessState[]> {
    const path = socketPath(stackPaths(this.home).run, 'supervisor.sock')
    return (await readStatus(path)).processes
  }

  async pidOf(role: string, name = ''): Promise<number> {
    const found = (await this.processes()).find(
      (state) => state.role === role && state.name.includes(name),
    )
    if (found === undefined) throw new Error(`no process ${role} ${name}`)
    return found.pid
  }

  /** Of all its processes, pages that they share counted once; in bytes. */
  async memory(): Promise<number> {
    return (await this.status()).pss_bytes_sum
  }

  get adminKey(): string {
    return readFileSync(join(this.home, 'admin-key'), 'utf8').trim()
  }

  /** One request through the front door with the admin's key; ended after 35 s, later than every deadline. */
  request(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = { authorization: `Bearer ${this.adminKey}`, ...init.headers }
    const signal = init.signal ?? AbortSignal.timeout(35_000)
    return fetch(`${this.baseUrl}${path}`, { ...init, headers, signal })
  }

  /** Waits until the front door and all behind it say so: all well, or well without Redis. */
  async becomes(wanted: 'ok' | 'degraded', deadlineMs = 60_000): Promise<void> {
    const ask = async () => {
      const signal = AbortSignal.timeout(5_000)
      const response = await fetch(`${this.baseUrl}/v1/health`, { signal })
      return ((await response.json()) as { status: string }).status === wanted
    }
    await eventually(`the stack is ${wanted}`, () => ask().catch(() => false), deadlineMs)
  }

  /** Ends it, by force where asking does not help, and removes its home. */
  async remove(): Promise<void> {
    await this.octavo('stop')
    const left = await eventually('none is left', () => this.areGone(), stopMs).catch(() => false)
    if (!left) for (const pid of await this.livingPids()) kill(pid, 'SIGKILL')
    await rm(stackPaths(this.home).run, { recursive: true, force: true })
    await rm(this.home, { recursive: true, force: true, maxRetries: 5 })
  }

  async areGone(): Promise<boolean> {
    return (await this.livingPids()).length === 0
  }

  /** As {@link livingPids}, without what the running worker started: its readers wait some time for their next job. */
  async ownPids(): Promise<number[]> {
    const worker = await this.pidOf('worker')
    return (await this.livingPids()).filter((pid) => parentOf(pid) !== worker)
  }

  /**
   * Every process on this machine that works for this home; of Postgres the first alone. Linux only.
   * @param program only those that have it in their command line
   */
  async livingPids(program = ''): Promise<number[]> {
    const pids = (await readdir('/proc')).map(Number).filter((pid) => pid > 0)
    const ours = pids.filter((pid) => worksIn(this.home, pid) && commandLine(pid).includes(program))
    return ours.filter((pid) => !/^postgres: /.test(commandLine(pid)))
  }
}

/** A stack that is removed when the test file ends, whatever became of it. */
export async function newStack(options: StackOptions = {}): Promise<Stack> {
  const home = await mkdtemp(`/tmp/octavo-test-${process.pid}-`)
  // Unpacked once for the whole suite.
  mkdirSync(servicesDir, { recursive: true, mode: 0o700 })
  symlinkSync(servicesDir, join(home, 'services'))
  const stack = new Stack(home, options)
  const guard = stopWithUs(stack)
  onFileEnd(async () => {
    kill(guard, 'SIGKILL')
    await stack.remove()
  })
  return stack
}

/** Ends the stack when this process is killed before it could: its supervisor stands in a session of its own. */
function stopWithUs({ checkout, env }: Stack): number {
  const script = 'cat >/dev/null; "$0" local-runtime/main.ts stop; rm -rf "$OCTAVO_HOME"'
  const guard = spawn('sh', ['-c', script, process.execPath], {
    cwd: checkout,
    env,
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  guard.unref()
  return guard.pid ?? 0
}

export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const stack = await newStack(options)
  await stack.deploy()
  return stack
}

/** Sends a signal to one process; whether it was there. */
export function kill(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}

function worksIn(home: string, pid: number): boolean {
  if (pid === process.pid) return false
  const mentions = commandLine(pid).includes(`${home}/`)
  return mentions || `${workingFolder(pid)}/`.startsWith(`${home}/`)
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
  } catch {
    return ''
  }
}

/** 0 of a process that is gone. */
function parentOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // Its second field, the program's name, may hold anything.
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
  } catch {
    return 0
  }
}

function workingFolder(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`)
  } catch {
    return ''
  }
}
