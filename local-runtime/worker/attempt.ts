import type { Database } from '../../db/client.ts'
import { isRetryable, isUnavailable } from '../../db/errors.ts'
import type { LeasedJob } from '../../db/system.ts'
import { retryDelayMs } from '../../domain/jobs/backoff.ts'
import {
  completeJob,
  endCancelledJob,
  failJob,
  heartbeatJob,
  type JobFault,
  releaseJob,
} from '../../domain/jobs/lease.ts'
import { JobFailure, JobMoot, JobReleased, LeaseLost } from '../../domain/jobs/outcome.ts'
import type { Deps } from '../../functions/_shared/ports/deps.ts'
import type { JobHandler, JobHost } from '../../functions/_shared/ports/jobs.ts'
import type { Log } from '../../functions/_shared/ports/log.ts'

export type AttemptOptions = {
  deps: Deps
  db: Database['db']
  host: JobHost
  handler: JobHandler
  leaseMs: number
}

// Of unknown origin, so the user learns only that; the log has the whole error.
const unexpected: JobFault = {
  code: 'internal',
  message: 'An unexpected error stopped this attempt.',
  isFinal: false,
}

/** One attempt at one job: runs the handler, keeps the lease alive, and writes how it ended. */
export class Attempt {
  readonly done: Promise<void>
  private readonly job: LeasedJob
  private readonly options: AttemptOptions
  private readonly log: Log
  private readonly stop = new AbortController()
  private heardAt = performance.now()

  constructor(job: LeasedJob, options: AttemptOptions) {
    this.job = job
    this.options = options
    const { id: job_id, kind, attempts: attempt, requestId: request_id } = job
    this.log = options.deps.log.with({ job_id, kind, attempt, request_id })
    this.done = this.run()
  }

  /** Gives the job back to the queue as soon as its handler lets go. */
  release(): void {
    this.stop.abort(new JobReleased())
  }

  /** Prolongs the lease, and learns whether the job is still wanted and still ours. */
  async beat(): Promise<void> {
    const { db, leaseMs } = this.options
    const askedAt = performance.now()
    try {
      const state = await heartbeatJob(db, this.job, leaseMs)
      if (state === 'lost') this.stop.abort(new LeaseLost(this.job.id))
      else this.heardAt = askedAt
      if (state === 'cancel_requested') this.stop.abort(new JobMoot())
    } catch (err) {
      if (!isUnavailable(err)) throw err
      // Somebody else may have the job by now: what we still did would only be refused.
      if (askedAt - this.heardAt > leaseMs) this.stop.abort(new LeaseLost(this.job.id))
    }
  }

  private async run(): Promise<void> {
    const { deps, db, host, handler } = this.options
    const { job, log } = this
    const startedAt = performance.now()
    try {
      const { result, effect } = await handler({ deps, job, host, log, signal: this.stop.signal })
      await db.transaction(async (tx) => {
        await completeJob(tx, job, result)
        await effect?.(tx)
      })
      log.info('Job completed', { duration_ms: Math.round(performance.now() - startedAt) })
    } catch (err) {
      await this.settle(this.stop.signal.aborted ? this.stop.signal.reason : err)
    }
  }

  /** A database that is away, or lets us lose a deadlock, leaves the job to its lease: recovery finds it. */
  private async settle(reason: unknown): Promise<void> {
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
