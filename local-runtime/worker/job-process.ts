import { readFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { JobFailure } from '../../domain/jobs/outcome.ts'
import type { JobContext } from '../../functions/_shared/ports/jobs.ts'
import { type Child, type Exit, startChild } from '../supervisor/child.ts'
import { type ChildMessage, type ParentMessage, toldReason } from './child-messages.ts'

export type JobProcessSpec = {
  program: string
  args: readonly string[]
  env: Record<string, string | undefined>
  memoryBytesMax: number // resident set; the JavaScript heap alone may not be larger either
  /** Silent for so long, while it has a job, it is killed; for jobs that may not block their event loop. */
  stallMsMax: number
  onOutput: (chunk: Buffer) => void
}

const watchMs = 50
const readyMsMax = 20_000
const graceMs = 1_000 // for a handler that was told to stop; then its process is killed
const lastWordsMs = 1_000
const mebibyte = 1024 ** 2

/** A process that runs jobs one by one. What becomes of it is not what becomes of the worker. */
export class JobProcess {
  readonly exited: Promise<unknown>
  private readonly child: Child
  private readonly spec: JobProcessSpec
  private readonly watch: NodeJS.Timeout
  private ended = Promise.withResolvers<boolean>()
  private isReady = false
  private isBusy = false
  private heardAt = performance.now()
  private rssBytes = 0
  private failure: Error | undefined
  private grace: NodeJS.Timeout | undefined

  /** @throws {Error} it could not be started */
  static async start(spec: JobProcessSpec): Promise<JobProcess> {
    const heap = `--max-old-space-size=${Math.ceil(spec.memoryBytesMax / mebibyte)}`
    let isOutOfMemory = false
    const child = await startChild({
      program: process.execPath,
      args: [heap, spec.program, ...spec.args],
      env: spec.env,
      onOutput: (chunk) => {
        isOutOfMemory ||= /out of memory|Allocation failed/i.test(chunk.toString('latin1'))
        spec.onOutput(chunk)
      },
    })
    return new JobProcess(child, spec, () => isOutOfMemory)
  }

  private constructor(child: Child, spec: JobProcessSpec, isOutOfMemory: () => boolean) {
    this.child = child
    this.spec = spec
    this.ended.promise.catch(() => {})
    child.process.on('message', (message) => this.receive(message as ChildMessage))
    this.watch = setInterval(() => void this.enforceLimits(), watchMs)
    const closed = new Promise((resolve) => child.process.once('close', resolve))
    this.exited = child.exited.then(async (exit) => {
      // Its last words may still be in the pipe, which children of its own may hold open.
      await Promise.race([closed, pause(lastWordsMs, undefined, { ref: false })])
      clearInterval(this.watch)
      clearTimeout(this.grace)
      this.failure ??= causeOfDeath(exit, isOutOfMemory())
      this.ended.reject(this.failure)
    })
  }

  get pid(): number {
    return this.child.pid
  }

  /** May it have another job: does it live, and did it let go of what the last one held? */
  get isFit(): boolean {
    return this.child.isRunning() && !this.failure && this.rssBytes < this.spec.memoryBytesMax / 2
  }

  /**
   * Has the job run and its end written there.
   * @returns whether the process may have another one
   * @throws {JobFailure} `exit`, `out_of_memory`, `timeout`: it ended without having written the job's end
   * @throws the reason of the context's signal, when the process had to be killed to stop the job
   */
  async run({ job, signal, log }: JobContext): Promise<boolean> {
    this.isBusy = true
    this.heardAt = performance.now()
    const stop = () => this.stop(signal.reason)
    signal.addEventListener('abort', stop)
    try {
      this.send({ type: 'run', job })
      if (signal.aborted) stop()
      return await this.ended.promise
    } catch (err) {
      const { pid } = this.child
      if (!signal.aborted) log.warn('A job ended its process', { pid, detail: this.child.tail() })
      throw err
    } finally {
      signal.removeEventListener('abort', stop)
      this.isBusy = false
    }
  }

  /** Ends it: it has no job, or none that may go on. */
  async end(): Promise<void> {
    if (this.child.process.connected) this.child.process.disconnect()
    const force = setTimeout(() => this.child.process.kill('SIGKILL'), this.isBusy ? 0 : graceMs)
    await this.exited
    clearTimeout(force)
  }

  private stop(reason: Error): void {
    this.send({ type: 'stop', reason: toldReason(reason) })
    this.grace = setTimeout(() => this.kill(reason), graceMs)
  }

  private kill(reason: Error): void {
    this.failure ??= reason
    this.child.process.kill('SIGKILL')
  }

  private send(message: ParentMessage): void {
    // One that is gone is reported by its exit, with a better reason than a closed pipe.
    if (this.child.process.connected) this.child.process.send(message, () => {})
  }

  private receive(message: ChildMessage): void {
    this.heardAt = performance.now()
    this.isReady = true
    if (message.type !== 'ended') return
    clearTimeout(this.grace)
    this.ended.resolve(message.isClean)
    this.ended = Promise.withResolvers()
    this.ended.promise.catch(() => {})
  }

  private async enforceLimits(): Promise<void> {
    if (!this.isBusy) return
    const { stallMsMax, memoryBytesMax } = this.spec
    const silentMs = performance.now() - this.heardAt
    if (!this.isReady && silentMs > readyMsMax) return this.kill(neverReady())
    if (this.isReady && silentMs > stallMsMax) return this.kill(stalled(silentMs))
    this.rssBytes = await residentBytes(this.child.pid)
    if (this.rssBytes > memoryBytesMax) this.kill(outOfMemory())
  }
}

function causeOfDeath({ code, signal }: Exit, isOutOfMemory: boolean): JobFailure {
  if (signal !== null && isOutOfMemory) return outOfMemory()
  const how = signal === null ? `with the code ${code}` : `by the signal ${signal}`
  return new JobFailure('exit', `The job's process ended ${how}.`, false)
}

const outOfMemory = () =>
  new JobFailure('out_of_memory', 'The job needs more memory than it may have.', false)

const neverReady = () => new Error(`A job's process was not ready after ${readyMsMax / 1000} s.`)

function stalled(silentMs: number): JobFailure {
  const seconds = Math.round(silentMs / 1000)
  return new JobFailure('timeout', `The job kept its process busy for ${seconds} s.`, false)
}

/** 0 where the system does not tell; there the limit of the JavaScript heap remains. */
async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024
}
