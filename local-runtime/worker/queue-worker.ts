import { setTimeout as pause } from 'node:timers/promises'
import type { Database } from '../../db/client.ts'
import { isRetryable, isUnavailable } from '../../db/errors.ts'
import type { Claim, LeasedJob } from '../../db/system.ts'
import { heartbeatJobs } from '../../domain/jobs/lease.ts'
import { jobsChannel } from '../../domain/jobs/queue.ts'
import type { Deps } from '../../functions/_shared/ports/deps.ts'
import type { JobHost, JobKind, JobKinds } from '../../functions/_shared/ports/jobs.ts'
import { Attempt } from './attempt.ts'
import { Completions } from './completions.ts'
import { reportMs, WorkerReport } from './report.ts'
import { tendQueue } from './tending.ts'
import { Turns } from './turns.ts'
import { Vacuuming } from './vacuuming.ts'

export type QueueWorkerOptions = {
  deps: Deps
  database: Pick<Database, 'db' | 'sql'>
  handlers: JobKinds
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
const tendMs = 250
const limitsMs = 1_000
const vacuumMs = 250
const leasedMax = 1_000 // by one statement
const heartbeatMsMax = 1_000 // also how late a cancel may be heard without the doorbell
const heartbeatsMax = 1_000 // in one statement
const unavailablePauseMs = 500

/**
 * Leases jobs and runs them, as many at a time as allowed. Everything it knows is also in the database: it may die at
 * any moment, and another goes on a lease later.
 */
export class QueueWorker {
  private readonly options: QueueWorkerOptions
  private readonly kinds: Map<string, JobKind>
  private readonly attempts = new Set<Attempt>()
  private readonly report: WorkerReport
  private readonly completions: Completions
  private readonly turns = new Turns()
  private readonly vacuuming: Vacuuming
  private readonly crash = Promise.withResolvers<never>()
  private readonly stopping = new AbortController()
  private bell = Promise.withResolvers<void>()
  private tendBell = Promise.withResolvers<void>()
  private stopListening: (() => Promise<void>) | undefined
  private isDatabaseAway = false
  private isLeasing = true
  private leasing: Promise<void> = Promise.resolve()

  constructor(options: QueueWorkerOptions) {
    this.options = options
    this.kinds = new Map(
      Object.entries(options.handlers).map(([name, kind]) => [
        name,
        typeof kind === 'function' ? { handler: kind } : kind,
      ]),
    )
    this.vacuuming = new Vacuuming(options.database.db)
    const { database, name, concurrency } = options
    this.report = new WorkerReport({ db: database.db, name, kinds: this.kinds, concurrency })
    this.completions = new Completions(database.db, () => this.tendBell.resolve())
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
        () => this.tend(),
        () => this.untilTendedAgain(),
      ),
      this.everyMs(vacuumMs, () => this.vacuuming.tend(performance.now())),
      this.everyMs(limitsMs, () => this.learnLimits()),
      this.everyMs(heartbeatMs, () => this.beat()),
      this.everyMs(reportMs, () => this.report.write()),
    ])
    await Promise.race([loops, this.crash.promise])
  }

  /** Takes no more work, waits a little for what runs, gives the rest back. */
  async drain(): Promise<void> {
    this.isLeasing = false
    const isRemoved = this.report.remove()
    await this.leasing.catch(() => {}) // what is being leased is ours, too; its failure is for `every`
    const running = () => Promise.all([...this.attempts].map((attempt) => attempt.done))
    await Promise.race([running(), pause(this.options.drainMs, undefined, { ref: false })])
    for (const attempt of this.attempts) attempt.release()
    await running()
    await isRemoved
    this.stopping.abort()
    this.ring()
    await this.stopListening?.()
  }

  private async lease(): Promise<void> {
    const limit = this.claimable()
    if (limit < 1 || !this.isLeasing) return
    const claim = (most: number) => this.claim(most)
    const start = (job: LeasedJob) => this.start(job)
    if (await this.turns.lease(this.options.database.db, { limit, claim, start })) this.ring()
  }

  private claimable(): number {
    return Math.min(this.options.concurrency - this.attempts.size, leasedMax)
  }

  private claim(limit: number): Omit<Claim, 'afterTenantId'> {
    const { name: worker, leaseMs } = this.options
    return { worker, places: this.report.openPlaces(limit), limit, leaseMs }
  }

  private start(job: LeasedJob): void {
    const { deps, database, host, leaseMs } = this.options
    const kind = this.kinds.get(job.kind)
    if (!kind) throw new Error(`A job of the kind ${job.kind} was leased without a handler.`)
    const { completions } = this
    const attempt = new Attempt(job, { deps, db: database.db, host, kind, completions, leaseMs })
    this.attempts.add(attempt)
    this.report.began(job.kind)
    const startedAt = performance.now()
    attempt.done
      .catch((err: unknown) => this.crash.reject(err))
      .finally(() => {
        this.attempts.delete(attempt)
        this.report.ended(job.kind, performance.now() - startedAt)
        this.vacuuming.count()
        this.ring()
      })
  }

  private async tend(): Promise<void> {
    const { database, deps } = this.options
    if (await tendQueue(database.db, deps.log)) this.ring()
  }

  private async untilTendedAgain(): Promise<void> {
    await Promise.race([this.tendBell.promise, this.sleep(tendMs)])
    this.tendBell = Promise.withResolvers()
  }

  private async learnLimits(): Promise<void> {
    await this.turns.learnLimits(this.options.database.db, [...this.kinds.keys()])
  }

  private async beat(): Promise<void> {
    const running = [...this.attempts]
    for (let from = 0; from < running.length; from += heartbeatsMax)
      await this.beatFor(running.slice(from, from + heartbeatsMax))
  }

  private async beatFor(attempts: Attempt[]): Promise<void> {
    const { database, leaseMs } = this.options
    const askedAt = performance.now()
    try {
      const leases = attempts.map(({ job }) => job)
      const states = await heartbeatJobs(database.db, leases, leaseMs)
      for (const [index, attempt] of attempts.entries())
        attempt.hear(states[index] ?? 'lost', askedAt)
    } catch (err) {
      for (const attempt of attempts) attempt.hear(null, askedAt)
      throw err
    }
  }

  private everyMs(ms: number, work: () => Promise<void>): Promise<void> {
    return this.every(work, () => this.sleep(ms))
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
    const full = this.claimable() < 1 || !this.isLeasing
    await Promise.race(full ? [this.bell.promise] : [this.bell.promise, this.sleep(pollMs)])
    this.bell = Promise.withResolvers()
  }

  private async sleep(ms: number): Promise<void> {
    await pause(ms, undefined, { signal: this.stopping.signal }).catch(() => {})
  }
}
