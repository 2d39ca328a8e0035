import type { Database } from '../../db/client.ts'
import type { LeasedJob } from '../../db/system.ts'
import type { JobKind } from '../../functions/_shared/ports/jobs.ts'
import type { Attempts } from './attempts.ts'
import { Bell } from './bell.ts'
import type { JobProcesses } from './job-processes.ts'
import type { Pressure } from './pressure.ts'
import type { WorkerReport } from './report.ts'
import { type Asked, Turns } from './turns.ts'

export type ClaimingOptions = {
  database: Pick<Database, 'db' | 'line'>
  name: string // for people: who holds a lease
  concurrency: number
  leaseMs: number
  kinds: ReadonlyMap<string, JobKind>
  attempts: Attempts
  report: WorkerReport
  processes: JobProcesses | null
  pressure: Pressure | null
  start: (job: LeasedJob) => void
}

const pollMs = 250
const leasedMax = 1_500 // by one statement
const deferredMin = 100

/**
 * Asks for jobs while there are places for them. A backlog is claimed two claims at a time: while the jobs of one begin here,
 * the database searches for the other.
 */
export class Claiming {
  private readonly options: ClaimingOptions
  private readonly turns = new Turns()
  private readonly bell = new Bell()
  private readonly backlogBell = new Bell()
  private readonly starting: LeasedJob[] = []
  private readonly underWay = new Set<Promise<void>>()
  private asked = 0
  private isOpen = true
  /** The last claim came back empty: a place that becomes free brings no job. */
  private isDry = false

  constructor(options: ClaimingOptions) {
    this.options = options
  }

  /** There may be jobs. */
  ring(): void {
    this.bell.ring()
  }

  /** Claims what there are places for, once. */
  claim(): Promise<void> {
    const claiming = this.lease()
    this.underWay.add(claiming)
    return claiming.finally(() => this.underWay.delete(claiming))
  }

  /** Until it is worth to claim again. */
  rest(): Promise<void> {
    if (this.claimable() > 0 && this.isOpen) return this.bell.wait(pollMs)
    this.isDry = false // or the end of what runs would wake nobody
    return this.bell.wait(null)
  }

  /** Until it is worth to claim a second time beside the first. */
  restUntilBacklog(): Promise<void> {
    return this.backlogBell.wait(null)
  }

  learnLimits(): Promise<void> {
    return this.turns.learnLimits(this.options.database.db, [...this.options.kinds.keys()])
  }

  /** An attempt has ended, and its place is free. @param wasScarce all places of its kind were taken */
  ended(kind: string, wasScarce: boolean): void {
    const isAlone = this.options.kinds.get(kind)?.isolation === 'process'
    // Where places of its kind were scarce, its end lets another begin, although the last claim came back empty.
    if (!this.isDry || wasScarce || this.turns.isLimited || isAlone) this.bell.ring()
  }

  /** Takes no more. What is being leased is ours, too, and begins. */
  async close(): Promise<void> {
    this.isOpen = false
    await Promise.allSettled(this.underWay) // a failure is for who asked for it
    this.startAll()
  }

  /** Wakes who waits for work that will not come. */
  wake(): void {
    this.bell.ring()
    this.backlogBell.ring()
  }

  private async lease(): Promise<void> {
    this.isDry = false
    const limit = this.claimable()
    if (limit < 1 || !this.isOpen) return
    const taken = await this.turns.lease(this.options.database.line, {
      limit,
      ask: (most) => this.ask(most),
      answer: (asked, jobs) => this.answer(asked, jobs),
    })
    this.isDry = taken === 0
    if (!this.isDry) this.bell.ring()
    if (taken >= deferredMin && taken === limit) this.backlogBell.ring()
  }

  private claimable(): number {
    const { attempts, concurrency, pressure } = this.options
    const taken = attempts.size + this.starting.length + this.asked
    const places = Math.min(concurrency - taken, leasedMax)
    return pressure?.allowed(places, taken) ?? places
  }

  /** Until it is answered, no other claim may ask for these places. */
  private ask(limit: number): Asked {
    const { name: worker, leaseMs, report, processes, kinds } = this.options
    const places = report.openPlaces(limit)
    if (processes)
      for (const [kind, { isolation }] of kinds)
        if (isolation === 'process')
          // Of these one claim alone knows how many processes are free.
          places[kind] = this.asked > 0 ? 0 : Math.min(places[kind] ?? 0, processes.free)
    report.reserve(places)
    this.asked += limit
    return { worker, places, limit, leaseMs }
  }

  private answer({ places, limit }: Asked, jobs: readonly LeasedJob[]): void {
    this.options.report.release(places)
    this.asked -= limit
    for (const { kind } of jobs) this.options.report.began(kind)
    if (jobs.length < deferredMin) {
      this.start(jobs)
      return
    }
    const isUrgent = ({ kind, isSuspect }: LeasedJob) =>
      isSuspect || this.options.kinds.get(kind)?.isolation === 'process'
    this.start(jobs.filter(isUrgent))
    this.starting.push(...jobs.filter((job) => !isUrgent(job)))
    // When the next claim has been sent: the driver writes at the next turn of the event loop.
    setImmediate(() => setImmediate(() => this.startAll()))
  }

  private startAll(): void {
    this.start(this.starting.splice(0))
  }

  private start(jobs: readonly LeasedJob[]): void {
    for (const job of jobs) this.options.start(job)
  }
}
