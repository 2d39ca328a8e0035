import type { Db } from '../../db/client.ts'
import { isRetryable, isUnavailable } from '../../db/errors.ts'
import type { KindStatistics } from '../../db/schema/queue.ts'
import { removeWorker, reportWorker } from '../../db/system.ts'
import type { JobKind } from '../../functions/_shared/ports/jobs.ts'

type WorkerReportOptions = {
  db: Db
  name: string // host and pid, as in its leases
  kinds: Iterable<readonly [kind: string, options: Pick<JobKind, 'concurrency' | 'placesShare'>]>
  concurrency: number
}

type Counts = { places: number; running: number; asked: number; finished: number; meanMs: number }

/** How often a worker should write its report. */
export const reportMs = 1_000
// Five reports, so that a pause of the process or of the database does not look like its death.
const aliveMs = 5_000
// The weight of one more attempt in the mean, when many have been seen: it forgets after some fifty.
const newestWeight = 0.05

/** Counts what a worker runs, by kind, and tells the others: `why` and people read it, nothing depends on it. */
export class WorkerReport {
  private readonly options: WorkerReportOptions
  private readonly id = crypto.randomUUID()
  private readonly kinds = new Map<string, Counts>()
  private running = 0
  private isOver = false
  private writing: Promise<void> = Promise.resolve()

  constructor(options: WorkerReportOptions) {
    this.options = options
    for (const [kind, { concurrency = options.concurrency, placesShare = 1 }] of options.kinds) {
      const share = Math.max(1, Math.floor(options.concurrency * placesShare))
      const places = Math.min(concurrency, share)
      this.kinds.set(kind, { places, running: 0, asked: 0, finished: 0, meanMs: 0 })
    }
  }

  /** How many more of each kind may begin, at most `limit` of each. */
  openPlaces(limit: number): Record<string, number> {
    const open: Record<string, number> = {}
    for (const [kind, { places, running, asked }] of this.kinds)
      open[kind] = Math.min(places - running - asked, limit)
    return open
  }

  /** A claim asks for so many of each kind: until it is answered, no other may ask for these. */
  reserve(places: Readonly<Record<string, number>>): void {
    for (const [kind, counts] of this.kinds) counts.asked += places[kind] ?? 0
  }

  release(places: Readonly<Record<string, number>>): void {
    for (const [kind, counts] of this.kinds) counts.asked -= places[kind] ?? 0
  }

  /** An attempt begins. */
  began(kind: string): void {
    const counts = this.kinds.get(kind)
    if (counts) counts.running += 1
    this.running += 1
  }

  /** An attempt has ended, well or not, and its place is free. @returns whether all places of its kind were taken */
  ended(kind: string, ms: number): boolean {
    const counts = this.kinds.get(kind)
    const wasFull = counts !== undefined && counts.running >= counts.places
    if (counts) {
      counts.running -= 1
      counts.finished += 1
      counts.meanMs += (ms - counts.meanMs) * Math.max(newestWeight, 1 / counts.finished)
    }
    this.running -= 1
    return wasFull
  }

  /** Writes the worker's row, unless it has been removed. */
  async write(): Promise<void> {
    if (this.isOver) return
    const { db, name } = this.options
    this.writing = reportWorker(db, { id: this.id, name, kinds: this.statistics(), aliveMs })
    await this.writing
  }

  /** The worker takes no more jobs. A database that is away keeps the row, which soon counts as that of a dead one. */
  async remove(): Promise<void> {
    this.isOver = true
    await this.writing.catch(() => {}) // its failure is for who asked for it
    try {
      await removeWorker(this.options.db, this.id)
    } catch (err) {
      if (!isUnavailable(err) && !isRetryable(err)) throw err
    }
  }

  private statistics(): Record<string, KindStatistics> {
    const statistics: Record<string, KindStatistics> = {}
    const freeMax = this.options.concurrency - this.running
    for (const [kind, { places, running, finished, meanMs }] of this.kinds) {
      const free = Math.max(0, Math.min(places - running, freeMax))
      statistics[kind] = { places, free, running, finished, mean_ms: Number(meanMs.toFixed(3)) }
    }
    return statistics
  }
}
