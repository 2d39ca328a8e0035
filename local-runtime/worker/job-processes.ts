import type { LeasedJob } from '../../db/system.ts'
import type { JobCompletion, JobContext, JobKind } from '../../functions/_shared/ports/jobs.ts'
import { endedElsewhere } from './attempt.ts'
import { JobProcess, type JobProcessSpec } from './job-process.ts'

export type JobProcessesOptions = Omit<JobProcessSpec, 'stallMsMax'> & {
  /** At once, with those that wait for their next job. */
  processesMax: number
  /** Of a job that should have shared a process: silent for so long it is killed. Default 10 s. */
  stallMsMax?: number
  /** After which a process without a job ends. Default 30 s. */
  idleMsMax?: number
  /** Called when a process is gone, killed perhaps, that may have left something behind. */
  onGone?: (pid: number) => void
}

// A kind that may block its process has to end some time, or it would hold its place for ever.
const runMsMaxDefault = 900_000
const stallMsMaxDefault = 10_000
const idleMsMaxDefault = 30_000

type Idle = { process: JobProcess; use: string; timer: NodeJS.Timeout }

/** Runs jobs in processes of their own; one that ended well gets the next job of its kind. */
export class JobProcesses {
  private readonly options: JobProcessesOptions
  private readonly all = new Set<JobProcess>()
  private idle: Idle[] = []
  private busy = 0
  private waiting: PromiseWithResolvers<void>[] = []

  constructor(options: JobProcessesOptions) {
    this.options = options
  }

  /** How many more jobs may begin at once. */
  get free(): number {
    return this.options.processesMax - this.busy - this.waiting.length
  }

  get max(): number {
    return this.options.processesMax
  }

  /**
   * The kind as this job is to be run: in a process of its own when the kind wants that, or when an earlier attempt was
   * lost or too long. It may have taken a worker down with all that ran there, and shall not do so again.
   */
  kindFor(job: LeasedJob, kind: JobKind): JobKind {
    const isHeavy = kind.isolation === 'process'
    if (!isHeavy && !job.isSuspect) return kind
    const runMsMax = kind.runMsMax ?? (isHeavy ? runMsMaxDefault : undefined)
    const handler = (context: JobContext) => this.run(context, kind)
    return { ...kind, handler, ...(runMsMax !== undefined && { runMsMax }) }
  }

  /** Ends all of them. */
  async close(): Promise<void> {
    for (const { timer } of this.idle.splice(0)) clearTimeout(timer)
    await Promise.all([...this.all].map((process) => process.end()))
  }

  private async run(context: JobContext, kind: JobKind): Promise<JobCompletion> {
    const { signal, job } = context
    await this.place(signal)
    try {
      const child = this.takeIdle(job.kind) ?? (await this.start(kind))
      const isClean = await child.run(context).catch((err: unknown) => {
        void child.end()
        throw err
      })
      if (isClean && child.isFit) this.keep(child, job.kind)
      else void child.end()
      return endedElsewhere
    } finally {
      const next = this.waiting.shift()
      if (next) next.resolve()
      else this.busy -= 1
    }
  }

  /** Waits for a place, in turn. @throws the signal's reason */
  private async place(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (this.busy < this.options.processesMax) {
      this.busy += 1
      return
    }
    const turn = Promise.withResolvers<void>()
    const leave = () => {
      this.waiting = this.waiting.filter((other) => other !== turn)
      turn.reject(signal.reason)
    }
    this.waiting.push(turn)
    signal.addEventListener('abort', leave)
    // Its place is handed over by whoever leaves it.
    await turn.promise.finally(() => signal.removeEventListener('abort', leave))
  }

  private takeIdle(use: string): JobProcess | null {
    const index = this.idle.findIndex((idle) => idle.use === use)
    const [found] = index < 0 ? [] : this.idle.splice(index, 1)
    if (!found) return null
    clearTimeout(found.timer)
    return found.process.isFit ? found.process : null
  }

  private async start(kind: JobKind): Promise<JobProcess> {
    // One that waits for another kind's jobs makes room.
    if (this.all.size >= this.options.processesMax) this.endIdle(this.idle[0])
    const { stallMsMax = stallMsMaxDefault, memoryBytesMax } = this.options
    const process = await JobProcess.start({
      ...this.options,
      memoryBytesMax: kind.memoryBytesMax ?? memoryBytesMax,
      stallMsMax: kind.isolation === 'process' ? Number.POSITIVE_INFINITY : stallMsMax,
    })
    this.all.add(process)
    void process.exited.then(() => {
      this.all.delete(process)
      this.options.onGone?.(process.pid)
    })
    return process
  }

  private keep(process: JobProcess, use: string): void {
    const { idleMsMax = idleMsMaxDefault } = this.options
    const timer = setTimeout(() => this.endIdle(idle), idleMsMax)
    const idle = { process, use, timer }
    this.idle.push(idle)
  }

  private endIdle(idle: Idle | undefined): void {
    if (!idle) return
    clearTimeout(idle.timer)
    this.idle = this.idle.filter((other) => other !== idle)
    void idle.process.end()
  }
}
