import { setTimeout as pause } from 'node:timers/promises'
import type { Database } from '../../db/client.ts'
import { isRetryable, isUnavailable } from '../../db/errors.ts'
import type { Claim, LeasedJob } from '../../db/system.ts'
import { jobsChannel } from '../../domain/jobs/queue.ts'
import type { Deps } from '../../functions/_shared/ports/deps.ts'
import type { JobHost, JobKind, JobKinds } from '../../functions/_shared/ports/jobs.ts'
import { Attempt } from './attempt.ts'
import { Attempts } from './attempts.ts'
import { Bell } from './bell.ts'
import { Completions } from './completions.ts'
import { JobProcesses, type JobProcessesOptions } from './job-processes.ts'
import { kindsOf } from './kinds.ts'
import { Pressure, type PressureLimits } from './pressure.ts'
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
  /** How long a stopping worker waits for what runs; then it gives the rest back, within `giveBackMs` more. */
  drainMs: number
  /** How jobs get processes of their own. Without it no kind may want one, and suspects run like all others. */
  processes?: JobProcessesOptions
  /** When it takes no more jobs although it has places. Default: never. */
  pressure?: PressureLimits
  /** `false` behind a transaction pooler, which cannot LISTEN: then the poll alone finds work. */
  listens: boolean
}

const pollMs = 250
const tendMs = 250
const limitsMs = 1_000
const vacuumMs = 250
const pressureMs = 250
const leasedMax = 1_000 // by one statement
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
  private readonly turns = new Turns()
  private readonly vacuuming: Vacuuming
  private readonly crash = Promise.withResolvers<never>()
  private readonly stopping = new AbortController()
  private readonly bell = new Bell()
  private readonly tendBell = new Bell()
  private stopListening: (() => Promise<void>) | undefined
  private isDatabaseAway = false
  private isLeasing = true
  /** The last claim came back short: a place that becomes free brings no job. */
  private isDry = false
  private leasing: Promise<void> = Promise.resolve()

  constructor(options: QueueWorkerOptions) {
    this.options = options
    const { handlers, processes, pressure, deps } = options
    this.kinds = kindsOf(handlers, processes?.processesMax ?? 0)
    this.processes = processes ? new JobProcesses(processes) : null
    this.pressure = pressure ? new Pressure(pressure, deps.log) : null
    this.vacuuming = new Vacuuming(options.database.db)
    const { database, name, concurrency } = options
    this.report = new WorkerReport({ db: database.db, name, kinds: this.kinds, concurrency })
    this.completions = new Completions(database.db, () => this.tendBell.ring())
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
        () => this.rest(),
      ),
      this.every(
        () => this.tend(),
        () => this.tendBell.wait(tendMs),
      ),
      this.everyMs(vacuumMs, () => this.vacuuming.tend(performance.now())),
      this.everyMs(limitsMs, () => this.learnLimits()),
      this.everyMs(heartbeatMs, () => this.beat(heartbeatMs)),
      this.everyMs(reportMs, () => this.report.write()),
      this.pressure && this.watchPressure(this.pressure),
    ])
    await Promise.race([loops, this.crash.promise])
  }

  /** Takes no more work, waits a little for what runs, gives the rest back. */
  async drain(): Promise<void> {
    this.isLeasing = false
    const isRemoved = this.report.remove()
    await this.leasing.catch(() => {}) // what is being leased is ours, too; its failure is for `every`
    await this.attempts.finish(this.options.drainMs)
    await Promise.all([this.processes?.close(), isRemoved])
    this.stopping.abort()
    this.bell.ring()
    this.tendBell.ring()
    await this.stopListening?.()
  }

  private async lease(): Promise<void> {
    this.isDry = false
    const limit = this.claimable()
    if (limit < 1 || !this.isLeasing) return
    const claim = (most: number) => this.claim(most)
    const start = (job: LeasedJob) => this.start(job)
    this.isDry = !(await this.turns.lease(this.options.database.db, { limit, claim, start }))
    if (!this.isDry) this.bell.ring()
  }

  private rest(): Promise<void> {
    if (this.claimable() > 0 && this.isLeasing) return this.bell.wait(pollMs)
    this.isDry = false // or the end of what runs would wake nobody
    return this.bell.wait(null)
  }

  private claimable(): number {
    const places = Math.min(this.options.concurrency - this.attempts.size, leasedMax)
    return this.pressure?.allowed(places, this.attempts.size) ?? places
  }

  private claim(limit: number): Omit<Claim, 'afterTenantId'> {
    const { name: worker, leaseMs } = this.options
    const places = this.report.openPlaces(limit)
    if (this.processes)
      for (const [kind, { isolation }] of this.kinds)
        if (isolation === 'process') places[kind] = Math.min(places[kind] ?? 0, this.processes.free)
    return { worker, places, limit, leaseMs }
  }

  private start(job: LeasedJob): void {
    const { deps, database, host, leaseMs } = this.options
    const declared = this.kinds.get(job.kind)
    if (!declared) throw new Error(`A job of the kind ${job.kind} was leased without a handler.`)
    const kind = this.processes?.kindFor(job, declared) ?? declared
    const { completions } = this
    const attempt = new Attempt(job, { deps, db: database.db, host, kind, completions, leaseMs })
    this.attempts.add(attempt)
    this.report.began(job.kind)
    void this.follow(attempt)
  }

  private async follow(attempt: Attempt): Promise<void> {
    const startedAt = performance.now()
    try {
      await attempt.done
    } catch (err) {
      this.crash.reject(err)
    }
    const { kind } = attempt.job
    this.attempts.delete(attempt)
    this.vacuuming.count()
    // Where places of its kind were scarce, its end lets another begin, although the last claim came back short.
    const wasScarce = this.report.ended(kind, performance.now() - startedAt) || this.turns.isLimited
    const isAlone = this.kinds.get(kind)?.isolation === 'process'
    if (!this.isDry || wasScarce || isAlone) this.bell.ring()
  }

  private async tend(): Promise<void> {
    const { database, deps } = this.options
    if (await tendQueue(database.db, deps.log)) this.bell.ring()
  }

  private async learnLimits(): Promise<void> {
    await this.turns.learnLimits(this.options.database.db, [...this.kinds.keys()])
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
      if (pressure.read({ rssBytes: process.memoryUsage.rss(), lagMs })) this.bell.ring()
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
        this.bell.ring()
        if (reason === 'cancel') void this.beat(0).catch(() => this.bell.ring())
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
