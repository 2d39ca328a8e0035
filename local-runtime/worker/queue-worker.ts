import { setTimeout as pause } from 'node:timers/promises'
import type { Database } from '../../db/client.ts'
import { isRetryable, isUnavailable } from '../../db/errors.ts'
import type { LeasedJob } from '../../db/system.ts'
import { jobsChannel } from '../../domain/jobs/queue.ts'
import type { Deps } from '../../functions/_shared/ports/deps.ts'
import type { JobHost, JobKind, JobKinds } from '../../functions/_shared/ports/jobs.ts'
import { Attempt, type AttemptOptions } from './attempt.ts'
import { Attempts } from './attempts.ts'
import { Bell } from './bell.ts'
import { Claiming } from './claiming.ts'
import { Completions } from './completions.ts'
import { JobProcesses, type JobProcessesOptions } from './job-processes.ts'
import { kindsOf } from './kinds.ts'
import { Pressure, type PressureLimits } from './pressure.ts'
import { reportMs, WorkerReport } from './report.ts'
import { tendQueue } from './tending.ts'
import { Vacuuming } from './vacuuming.ts'

export type QueueWorkerOptions = {
  deps: Deps
  database: Pick<Database, 'db' | 'sql' | 'line'>
  handlers: JobKinds
  host: JobHost
  name: string // for people: who holds a lease
  concurrency: number
  leaseMs: number
  /** How long a stopping worker waits for what runs; then it gives the rest back, within `giveBackMs` more. */
  drainMs: number
  /** How jobs get processes of their own. Without it no kind may want one, and suspects run like all others. */
  processes?: JobProcessesOptions
  /** When it takes no more jobs although it has places. Default: never. */
  pressure?: PressureLimits
  /** `false` behind a transaction pooler, which cannot LISTEN: then the poll alone finds work. */
  listens: boolean
}

const tendMs = 250
const limitsMs = 1_000
const vacuumMs = 250
const pressureMs = 250
const heartbeatMsMax = 1_000 // also how late a cancel may be heard without the doorbell
const unavailablePauseMs = 500

/**
 * Leases jobs and runs them, as many at a time as allowed. Everything it knows is also in the database: it may die at
 * any moment, and another goes on a lease later.
 */
export class QueueWorker {
  private readonly options: QueueWorkerOptions
  private readonly kinds: Map<string, JobKind>
  private readonly attempts = new Attempts()
  private readonly processes: JobProcesses | null
  private readonly pressure: Pressure | null
  private readonly report: WorkerReport
  private readonly completions: Completions
  private readonly claiming: Claiming
  private readonly vacuuming: Vacuuming
  private readonly optionsByKind = new WeakMap<JobKind, AttemptOptions>()
  private readonly crash = Promise.withResolvers<never>()
  private readonly stopping = new AbortController()
  private readonly tendBell = new Bell()
  private stopListening: (() => Promise<void>) | undefined
  private isDatabaseAway = false

  constructor(options: QueueWorkerOptions) {
    this.options = options
    const { handlers, processes, pressure, deps } = options
    this.kinds = kindsOf(handlers, processes?.processesMax ?? 0)
    this.processes = processes ? new JobProcesses(processes) : null
    this.pressure = pressure ? new Pressure(pressure, deps.log) : null
    this.vacuuming = new Vacuuming(options.database.db)
    const { database, name, concurrency, leaseMs } = options
    this.report = new WorkerReport({ db: database.db, name, kinds: this.kinds, concurrency })
    this.completions = new Completions(database.db, () => this.tendBell.ring())
    const { kinds, attempts, report } = this
    this.claiming = new Claiming({
      ...{ database, name, concurrency, leaseMs, kinds, attempts, report },
      ...{ processes: this.processes, pressure: this.pressure },
      start: (job) => this.start(job),
    })
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
        () => this.claiming.claim(),
        () => this.claiming.rest(),
      ),
      this.every(
        () => this.claiming.claim(),
        () => this.claiming.restUntilBacklog(),
      ),
      this.every(
        () => this.tend(),
        () => this.tendBell.wait(tendMs),
      ),
      this.everyMs(vacuumMs, () => this.vacuuming.tend(performance.now())),
      this.everyMs(limitsMs, () => this.claiming.learnLimits()),
      this.everyMs(heartbeatMs, () => this.beat(heartbeatMs)),
      this.everyMs(reportMs, () => this.report.write()),
      this.pressure && this.watchPressure(this.pressure),
    ])
    await Promise.race([loops, this.crash.promise])
  }

  /** Takes no more work, waits a little for what runs, gives the rest back. */
  async drain(): Promise<void> {
    const isRemoved = this.report.remove()
    await this.claiming.close()
    await this.attempts.finish(this.options.drainMs)
    await Promise.all([this.processes?.close(), isRemoved])
    this.stopping.abort()
    this.claiming.wake()
    this.tendBell.ring()
    await this.stopListening?.()
  }

  private start(job: LeasedJob): void {
    const declared = this.kinds.get(job.kind)
    if (!declared) throw new Error(`A job of the kind ${job.kind} was leased without a handler.`)
    const kind = this.processes?.kindFor(job, declared) ?? declared
    const attempt = new Attempt(job, this.attemptOptions(kind))
    this.attempts.add(attempt)
    attempt.done.then(
      () => this.ended(attempt),
      (err: unknown) => {
        this.crash.reject(err)
        this.ended(attempt)
      },
    )
  }

  /** The same object for all attempts of a kind. */
  private attemptOptions(kind: JobKind): AttemptOptions {
    const known = this.optionsByKind.get(kind)
    if (known) return known
    const { deps, database, host, leaseMs } = this.options
    const { completions } = this
    const options = { deps, db: database.db, host, kind, completions, leaseMs }
    this.optionsByKind.set(kind, options)
    return options
  }

  private ended(attempt: Attempt): void {
    const { kind } = attempt.job
    this.attempts.delete(attempt)
    this.vacuuming.count()
    this.claiming.ended(kind, this.report.ended(kind, performance.now() - attempt.startedAt))
  }

  private async tend(): Promise<void> {
    const { database, deps } = this.options
    if (await tendQueue(database.db, deps.log)) this.claiming.ring()
  }

  private beat(silentMs: number): Promise<void> {
    const { database, leaseMs } = this.options
    return this.attempts.beat(database.db, { leaseMs, silentMs })
  }

  private watchPressure(pressure: Pressure): Promise<void> {
    let lookedAt = performance.now()
    return this.everyMs(pressureMs, async () => {
      const now = performance.now()
      const lagMs = Math.max(0, now - lookedAt - pressureMs)
      lookedAt = now
      if (pressure.read({ rssBytes: process.memoryUsage.rss(), lagMs })) this.claiming.ring()
    })
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
        this.claiming.ring()
        if (reason === 'cancel') void this.beat(0).catch(() => this.claiming.ring())
      })
      this.stopListening = unlisten
    } catch (err) {
      deps.log.warn('The worker cannot be woken and polls only', {}, err)
    }
  }

  private async sleep(ms: number): Promise<void> {
    await pause(ms, undefined, { signal: this.stopping.signal }).catch(() => {})
  }
}
