import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { onTestFinished } from 'vitest'
import type { QueueProgramSpec } from '../fixtures/queue-program.ts'

const program = new URL('../fixtures/queue-program.ts', import.meta.url).pathname

export type Host = { name: string; process: ChildProcess }
export type HostSpec = Omit<QueueProgramSpec, 'name'>

/** Worker processes on one database, to be killed and replaced. All end with the test. */
export class Hosts {
  readonly living: Host[] = []
  private readonly spec: HostSpec
  private started = 0

  constructor(spec: HostSpec) {
    this.spec = spec
    onTestFinished(() => this.stop('SIGKILL'))
  }

  async start(count: number): Promise<void> {
    await Promise.all(Array.from({ length: count }, () => this.startOne()))
  }

  private async startOne(): Promise<void> {
    this.started += 1
    const name = `host ${this.started}`
    const child = spawn(process.execPath, [program, JSON.stringify({ ...this.spec, name })], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.living.push({ name, process: child })
    await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])
  }

  /** Kills the eldest and starts another in its place. */
  async replaceEldest(onKilled: (name: string) => Promise<void>): Promise<void> {
    const eldest = this.living.shift()
    if (!eldest) throw new Error('No host is left.')
    await end(eldest, 'SIGKILL')
    await onKilled(eldest.name)
    await this.startOne()
  }

  async stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    await Promise.all(this.living.splice(0).map((host) => end(host, signal)))
  }
}

async function end({ process: child }: Host, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill(signal)
  await exited
}
