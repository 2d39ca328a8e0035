import { setTimeout as pause } from 'node:timers/promises'
import type { Database } from '../../db/client.ts'
import { isRetryable, isUnavailable } from '../../db/errors.ts'
import type { LeasedJob } from '../../db/system.ts'
import { retryDelayMs } from '../../domain/jobs/backoff.ts'
import {
  completeJob,
  endCancelledJob,
  failJob,
  type HeartbeatState,
  releaseJob,
} from '../../domain/jobs/lease.ts'
import {
  JobFailure,
  JobMoot,
  JobParked,
  JobPutOff,
  JobReleased,
  LeaseLost,
} from '../../domain/jobs/outcome.ts'
import { storableResult } from '../../domain/jobs/storable.ts'
import type { Deps } from '../../functions/_shared/ports/deps.ts'
import type {
  JobCompletion,
  JobContext,
  JobHost,
  JobKind,
} from '../../functions/_shared/ports/jobs.ts'
import type { Log } from '../../functions/_shared/ports/log.ts'
import { AttemptContext } from './attempt-context.ts'
import { faultOf, overdue, unexpectedBy, verdictOn } from './attempt-verdicts.ts'
import type { Completions } from './completions.ts'
import { ProgressWriter } from './progress.ts'

export type AttemptOptions = {
  deps: Deps
  db: Database['db']
  host: JobHost
  kind: JobKind
  completions: Completions
  leaseMs: number
}

/** What a handler answers when another process has written the end of the attempt. */
export const endedElsewhere: JobCompletion = {}

// A handler that was told to stop has this long to let go; then the attempt ends without it.
const letGoMs = 5_000
// Within the time of a lease; later another attempt does the work again.
const completionTries = 4
const completionPauseMs = 100
const timerMsMax = 2 ** 31 - 1

/** One attempt at one job: runs the handler and writes how it ended. Its lease is kept alive by the worker. */
export class Attempt {
  readonly job: LeasedJob
  readonly done: Promise<void>
  /** Nothing is left over: the handler ended by itself, and as it was meant to. */
  isClean = true
  /** It has ended, but its handler has not. */
  isAbandoned = false
  private readonly options: AttemptOptions
  readonly startedAt = performance.now()
  private heardAt = this.startedAt
  private isEnding = false
  private isCompleting = false // the handler has done its part
  private ending: Promise<void> | undefined
  // Made when first needed: at a hundred thousand jobs a second they would cost more than the jobs.
  private lazyLog: Log | undefined
  private controller: AbortController | undefined
  private writer: ProgressWriter | undefined
  private timer: NodeJS.Timeout | undefined
  private stopReason: Error | undefined

  constructor(job: LeasedJob, options: AttemptOptions) {
    this.job = job
    this.options = options
    const runMsMax = job.runMsMax ?? options.kind.runMsMax
    if (runMsMax !== undefined)
      this.timer = setTimeout(() => this.stop(overdue()), Math.min(runMsMax, timerMsMax))
    this.done = this.run()
  }

  get log(): Log {
    const { id: job_id, kind, attempts: attempt, requestId: request_id } = this.job
    this.lazyLog ??= this.options.deps.log.with({ job_id, kind, attempt, request_id })
    return this.lazyLog
  }

  /** Tells the handler to let go, and why; the first reason is how the attempt ends. */
  stop(reason: Error): void {
    if (this.stopReason || this.isEnding) return
    this.stopReason = reason
    this.controller?.abort(reason)
    clearTimeout(this.timer)
    this.timer = setTimeout(() => void this.abandon(), letGoMs)
  }

  /** Ends a stopped attempt without its handler: the fence refuses whatever that may still write. */
  async abandon(): Promise<void> {
    if (this.isEnding) return this.ending ?? this.done
    this.isAbandoned = true
    this.log.warn('A handler runs on although its attempt was stopped', { code: 'job_runs_on' })
    await this.settle(this.stopReason)
  }

  /** Was nothing heard of its lease for so long, and is it still of interest? */
  isSilent(now: number, ms: number): boolean {
    return !this.isAbandoned && !this.isEnding && now - this.heardAt >= ms
  }

  /** What the database says of the lease; `null`: it did not answer. */
  hear(state: HeartbeatState | null, askedAt: number): void {
    if (this.isEnding) return // its end may have been written between question and answer
    if (state === 'cancel_requested') this.stop(new JobMoot())
    if (state === 'lost') this.stop(new LeaseLost(this.job.id))
    else if (state !== null) this.heardAt = askedAt
    // Somebody else may have the job by now: what we still did would only be refused.
    else if (askedAt - this.heardAt > this.options.leaseMs) this.stop(new LeaseLost(this.job.id))
  }

  private async run(): Promise<void> {
    try {
      const completion = await this.options.kind.handler(this.context())
      if (completion !== endedElsewhere) await this.complete(completion)
    } catch (err) {
      await this.settle(err instanceof JobParked ? err : verdictOn(this.stopReason, err))
    } finally {
      clearTimeout(this.timer)
      this.writer?.close()
    }
  }

  private async complete({ result: given, effect }: JobCompletion): Promise<void> {
    if (this.stopReason) throw this.stopReason
    const result = storableResult(given)
    if (this.writer) await this.writer.flush()
    if (this.stopReason) throw this.stopReason
    this.isEnding = true
    this.isCompleting = true
    for (let tries = 1; ; tries += 1) {
      try {
        if (!effect) {
          const { completions, kind } = this.options
          const missed = await completions.complete(this.job, result, kind.history)
          if (!missed.has(this.job.id)) return
        }
        return await this.completeAlone(result, effect)
      } catch (err) {
        // The work is done, so a database without a place or an answer is no fault of the job.
        if (!isUnavailable(err) || tries === completionTries) throw err
        await pause(completionPauseMs * tries)
      }
    }
  }

  private async completeAlone(
    result: Record<string, unknown> | null,
    effect: JobCompletion['effect'],
  ): Promise<void> {
    const { db, kind } = this.options
    const { job } = this
    await db.transaction(async (tx) => {
      await completeJob(tx, job, result, kind.history)
      await effect?.(tx)
    })
  }

  private context(): JobContext {
    const { deps, host } = this.options
    return new AttemptContext(this, { deps, host })
  }

  signal(): AbortSignal {
    this.controller ??= new AbortController()
    if (this.stopReason) this.controller.abort(this.stopReason)
    return this.controller.signal
  }

  progress(): ProgressWriter {
    this.writer ??= new ProgressWriter(this.options.db, this.job, (err) => {
      if (err instanceof LeaseLost) this.stop(err)
      else this.log.warn('The progress of a job could not be written', {}, err)
    })
    return this.writer
  }

  private settle(reason: unknown): Promise<void> {
    this.isEnding = true
    this.ending ??= this.end(reason)
    return this.ending
  }

  /** A database that is away, or lets us lose a deadlock, leaves the job to its lease: recovery finds it. */
  private async end(reason: unknown): Promise<void> {
    const isVerdict =
      reason instanceof JobFailure || reason instanceof JobMoot || reason instanceof JobParked
    if (isUnavailable(reason) && this.isCompleting) return this.logUnwritten(reason)
    this.isClean = isVerdict && !this.stopReason
    try {
      await this.writeEnd(reason)
    } catch (err) {
      if (err instanceof LeaseLost) this.logLost()
      else if (isUnavailable(err) || isRetryable(err)) this.logUnwritten(err)
      else throw err
    }
  }

  private async writeEnd(reason: unknown): Promise<void> {
    const { db } = this.options
    if (reason instanceof LeaseLost) return this.logLost()
    if (reason instanceof JobMoot) {
      await endCancelledJob(db, this.job)
      return this.log.info('Job cancelled', { reason: reason.message })
    }
    if (reason instanceof JobReleased) {
      await releaseJob(db, this.job)
      return this.log.info('Job given back')
    }
    if (reason instanceof JobParked) return this.log.info('Job waits for its parts')
    await this.fail(reason)
  }

  private async fail(reason: unknown): Promise<void> {
    const fault = reason instanceof JobFailure ? faultOf(reason) : unexpectedBy(reason)
    const ownMs = retryDelayMs(this.job.attempts, Math.random(), this.options.kind.retryMs)
    const retryMs = reason instanceof JobPutOff ? Math.max(ownMs, reason.waitMsMin) : ownMs
    const next = await failJob(this.options.db, this.job, { fault, retryMs })
    const fields = { code: fault.code, next }
    const level = this.options.kind.mayFailOften ? 'info' : 'warn'
    if (reason instanceof JobFailure) this.log[level](`Job failed: ${fault.message}`, fields)
    else this.log.error('Job attempt failed', fields, reason)
  }

  private logUnwritten(err: unknown): void {
    this.log.warn('The end of a job could not be written', {}, err)
  }

  private logLost(): void {
    this.log.warn('The lease was lost: nothing of this attempt was written after it', {
      code: 'lease_lost',
    })
  }
}
