import type { Database } from '../../db/client.ts'
import { isRetryable, isUnavailable } from '../../db/errors.ts'
import type { LeasedJob } from '../../db/system.ts'
import { retryDelayMs } from '../../domain/jobs/backoff.ts'
import {
  completeJob,
  endCancelledJob,
  failJob,
  type HeartbeatState,
  type JobFault,
  releaseJob,
} from '../../domain/jobs/lease.ts'
import { JobFailure, JobMoot, JobReleased, LeaseLost } from '../../domain/jobs/outcome.ts'
import type { Deps } from '../../functions/_shared/ports/deps.ts'
import type { JobContext, JobHost, JobKind } from '../../functions/_shared/ports/jobs.ts'
import type { Log } from '../../functions/_shared/ports/log.ts'
import type { Completions } from './completions.ts'

export type AttemptOptions = {
  deps: Deps
  db: Database['db']
  host: JobHost
  kind: JobKind
  completions: Completions
  leaseMs: number
}

// Of unknown origin, so the user learns only that; the log has the whole error.
const unexpected: JobFault = {
  code: 'internal',
  message: 'An unexpected error stopped this attempt.',
  isFinal: false,
}

/** One attempt at one job: runs the handler and writes how it ended. Its lease is kept alive by the worker. */
export class Attempt {
  readonly job: LeasedJob
  readonly done: Promise<void>
  private readonly options: AttemptOptions
  private readonly startedAt = performance.now()
  private heardAt = this.startedAt
  private isEnding = false
  // Made when first asked for: at a hundred thousand jobs a second they would cost more than the jobs.
  private lazyLog: Log | undefined
  private stop: AbortController | undefined
  private stopReason: Error | undefined

  constructor(job: LeasedJob, options: AttemptOptions) {
    this.job = job
    this.options = options
    this.done = this.run()
  }

  get log(): Log {
    const { id: job_id, kind, attempts: attempt, requestId: request_id } = this.job
    this.lazyLog ??= this.options.deps.log.with({ job_id, kind, attempt, request_id })
    return this.lazyLog
  }

  get signal(): AbortSignal {
    this.stop ??= new AbortController()
    if (this.stopReason) this.stop.abort(this.stopReason)
    return this.stop.signal
  }

  /** Gives the job back to the queue as soon as its handler lets go. */
  release(): void {
    this.abort(new JobReleased())
  }

  /** What the database says of the lease; `null`: it did not answer. */
  hear(state: HeartbeatState | null, askedAt: number): void {
    if (this.isEnding) return // its end may have been written between question and answer
    const runMsMax = this.job.runMsMax ?? this.options.kind.runMsMax ?? Number.POSITIVE_INFINITY
    if (askedAt - this.startedAt > runMsMax)
      this.abort(new JobFailure('timeout', 'The attempt took longer than it may.', false))
    if (state === 'cancel_requested') this.abort(new JobMoot())
    if (state === 'lost') this.abort(new LeaseLost(this.job.id))
    else if (state !== null) this.heardAt = askedAt
    // Somebody else may have the job by now: what we still did would only be refused.
    else if (askedAt - this.heardAt > this.options.leaseMs) this.abort(new LeaseLost(this.job.id))
  }

  private abort(reason: Error): void {
    this.stopReason ??= reason
    this.stop?.abort(this.stopReason)
  }

  private async run(): Promise<void> {
    try {
      await this.complete()
      this.log.debug('Job completed', {
        duration_ms: Math.round(performance.now() - this.startedAt),
      })
    } catch (err) {
      await this.settle(this.stopReason ?? err)
    }
  }

  private async complete(): Promise<void> {
    const { db, kind, completions } = this.options
    const { job } = this
    const { result = null, effect } = await kind.handler(this.context())
    if (this.stopReason) throw this.stopReason
    this.isEnding = true
    if (!effect && (await completions.complete(job, result))) return
    await db.transaction(async (tx) => {
      await completeJob(tx, job, result)
      await effect?.(tx)
    })
  }

  private context(): JobContext {
    const { deps, host } = this.options
    const attempt = this
    return {
      deps,
      host,
      job: this.job,
      get log() {
        return attempt.log
      },
      get signal() {
        return attempt.signal
      },
    }
  }

  /** A database that is away, or lets us lose a deadlock, leaves the job to its lease: recovery finds it. */
  private async settle(reason: unknown): Promise<void> {
    this.isEnding = true
    try {
      await this.end(reason)
    } catch (err) {
      if (err instanceof LeaseLost) this.logLost()
      else if (isUnavailable(err) || isRetryable(err))
        this.log.warn('The end of a job could not be written', {}, err)
      else throw err
    }
  }

  private async end(reason: unknown): Promise<void> {
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
    await this.fail(reason)
  }

  private async fail(reason: unknown): Promise<void> {
    const fault = reason instanceof JobFailure ? faultOf(reason) : unexpected
    const retryMs = retryDelayMs(this.job.attempts, Math.random())
    const next = await failJob(this.options.db, this.job, { fault, retryMs })
    const fields = { code: fault.code, next }
    if (reason instanceof JobFailure) this.log.warn(`Job failed: ${fault.message}`, fields)
    else this.log.error('Job attempt failed', fields, reason)
  }

  private logLost(): void {
    this.log.warn('The lease was lost: nothing of this attempt was written after it', {
      code: 'lease_lost',
    })
  }
}

function faultOf({ code, message, isFinal }: JobFailure): JobFault {
  return { code, message, isFinal }
}
