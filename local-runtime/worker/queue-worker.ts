import { setTimeout as pause } from 'node:timers/promises'
import type { Database } from '../../db/client.ts'
import { isRetryable, isUnavailable } from '../../db/errors.ts'
import { leaseJobs, recoverExpiredLeases } from '../../db/system.ts'
import { jobsChannel } from '../../domain/jobs/queue.ts'
import type { Deps } from '../../functions/_shared/ports/deps.ts'
import type { JobHandler, JobHost } from '../../functions/_shared/ports/jobs.ts'
import { Attempt } from './attempt.ts'

export type QueueWorkerOptions = {
  deps: Deps
  database: Pick<Database, 'db' | 'sql'>
  handlers: Record<string, JobHandler>
  host: JobHost
  name: string // for people: who holds a lease
  concurrency: number
  leaseMs: number
  /** How long a stopping worker waits for what runs. Short: a job goes on elsewhere with all that it has stored. */
  drainMs: number
  /** `false` behind a transaction pooler, which cannot LISTEN: then the poll alone finds work. */
  listens: boolean
}

const pollMs = 250
const recoveryMs = 250
const recoveredMax = 100
const heartbeatMsMax = 1_000 // also how late a cancel may be heard without the doorbell
const unavailablePauseMs = 500

/**
 * Leases jobs and runs them, as many at a time as allowed. Everything it knows is also in the database: it may die at
 * any moment, and another goes on a lease later.
 */
export class QueueWorker {
  private readonly options: QueueWorkerOptions
  private readonly attempts = new Set<Attempt>()
  private readonly crash = Promise.withResolvers<never>()
  private readonly stopping = new AbortController()
  private bell = Promise.withResolvers<void>()
  private stopListening: (() => Promise<void>) | undefined
  private isDatabaseAway = false
  private isLeasing = true
  private leasing: Promise<void> = Promise.resolve()

  constructor(options: QueueWorkerOptions) {
    this.options = options
  }

  /**
   * Runs until it is drained.
   * @throws whatever is no outage of the database: the process should end by it
   */
  async run(): Promise<void> {
    const heartbeatMs = Math.min(this.options.leaseMs / 3, heartbeatMsMax)
    if (this.options.listens) void this.listen()
    const loops = Promise.all([
      this.every(
        () => {
          this.leasing = this.lease()
          return this.leasing
        },
        () => this.wake(),
      ),
      this.every(
        () => this.recover(),
        () => this.sleep(recoveryMs),
      ),
      this.every(
        () => this.beat(),
        () => this.sleep(heartbeatMs),
      ),
    ])
    await Promise.race([loops, this.crash.promise])
  }

  /** Takes no more work, waits a little for what runs, gives the rest back. */
  async drain(): Promise<void> {
    this.isLeasing = false
    await this.leasing.catch(() => {}) // what is being leased is ours, too; its failure is for `every`
    const running = () => Promise.all([...this.attempts].map((attempt) => attempt.done))
    await Promise.race([running(), pause(this.options.drainMs, undefined, { ref: false })])
    for (const attempt of this.attempts) attempt.release()
    await running()
    this.stopping.abort()
    this.ring()
    await this.stopListening?.()
  }

  private async lease(): Promise<void> {
    const { deps, database, handlers, host, name, concurrency, leaseMs } = this.options
    const limit = concurrency - this.attempts.size
    if (limit < 1 || !this.isLeasing) return
    const kinds = Object.keys(handlers)
    const jobs = await leaseJobs(database.db, { worker: name, kinds, limit, leaseMs })
    for (const job of jobs) {
      const handler = handlers[job.kind]
      if (!handler) throw new Error(`A job of the kind ${job.kind} was leased without a handler.`)
      const attempt = new Attempt(job, { deps, db: database.db, host, handler, leaseMs })
      this.attempts.add(attempt)
      void this.follow(attempt)
    }
    if (jobs.length === limit) this.ring() // there may be more, should a place become free
  }

  private async follow(attempt: Attempt): Promise<void> {
    try {
      await attempt.done
    } catch (err) {
      this.crash.reject(err)
    } finally {
      this.attempts.delete(attempt)
      this.ring()
    }
  }

  private async recover(): Promise<void> {
    const { db } = this.options.database
    for (;;) {
      const recovered = await recoverExpiredLeases(db, recoveredMax)
      for (const { id, ending } of recovered) {
        this.options.deps.log.warn('A job was taken back from a worker that stopped', {
          job_id: id,
          next: ending,
          code: 'lease_expired',
        })
      }
      if (recovered.length > 0) this.ring()
      if (recovered.length < recoveredMax) return
    }
  }

  private async beat(): Promise<void> {
    await Promise.all([...this.attempts].map((attempt) => attempt.beat()))
  }

  private async every(work: () => Promise<void>, wait: () => Promise<unknown>): Promise<void> {
    while (!this.stopping.signal.aborted) {
      try {
        await work()
        this.isDatabaseAway = false
      } catch (err) {
        // The loser of a deadlock: nothing of it was done, and it is done in the next round.
        if (!isRetryable(err)) await this.outlast(err)
      }
      await wait()
    }
  }

  private async outlast(err: unknown): Promise<void> {
    if (!isUnavailable(err)) throw err
    if (!this.isDatabaseAway) this.options.deps.log.warn('The database is away', {}, err)
    this.isDatabaseAway = true
    await this.sleep(unavailablePauseMs)
  }

  /** The truth is read by the poll; a doorbell that cannot be had only makes it later. */
  private async listen(): Promise<void> {
    const { database, deps } = this.options
    try {
      const { unlisten } = await database.sql.listen(jobsChannel, (reason) => {
        this.ring()
        if (reason === 'cancel') void this.beat().catch(() => this.ring())
      })
      this.stopListening = unlisten
    } catch (err) {
      deps.log.warn('The worker cannot be woken and polls only', {}, err)
    }
  }

  private ring(): void {
    this.bell.resolve()
  }

  private async wake(): Promise<void> {
    const full = this.attempts.size >= this.options.concurrency || !this.isLeasing
    await Promise.race(full ? [this.bell.promise] : [this.bell.promise, this.sleep(pollMs)])
    this.bell = Promise.withResolvers()
  }

  private async sleep(ms: number): Promise<void> {
    await pause(ms, undefined, { signal: this.stopping.signal }).catch(() => {})
  }
}
