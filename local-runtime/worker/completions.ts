import type { Db } from '../../db/client.ts'
import type { LeasedJob } from '../../db/system-jobs.ts'
import type { HistoryPolicy } from '../../domain/jobs/lease.ts'
import { type Completion, completeJobs } from '../../domain/jobs/lease-batches.ts'

type Waiting = Completion & { settle: PromiseWithResolvers<boolean> }

const batchMax = 1_000
const flightsMax = 2

/**
 * Completes jobs without an effect many at a time: what ends while a statement is under way goes with the next one, so
 * a quiet worker waits for nothing and a busy one writes a thousand in a statement.
 */
export class Completions {
  private readonly db: Db
  private readonly onDependents: () => void
  private readonly waiting: Record<HistoryPolicy, Waiting[]> = { all: [], unsuccessful: [] }
  private readonly waitingIds = new Set<string>()
  private isFlushing = false
  private flights = 0

  /** @param onDependents called after the end of jobs for which others wait */
  constructor(db: Db, onDependents: () => void) {
    this.db = db
    this.onDependents = onDependents
  }

  /** @returns `false`: it was not completed, and only a statement of its own can say why */
  complete(
    lease: LeasedJob,
    result: Record<string, unknown> | null,
    history: HistoryPolicy = 'all',
  ): Promise<boolean> {
    // An earlier attempt of this worker that lost the job: one answer could not tell the two apart.
    if (this.waitingIds.has(lease.id)) return Promise.resolve(false)
    this.waitingIds.add(lease.id)
    const settle = Promise.withResolvers<boolean>()
    this.waiting[history].push({ lease, result, settle })
    // Behind what else this turn of the event loop completes.
    if (!this.isFlushing) setImmediate(() => this.flush())
    this.isFlushing = true
    return settle.promise
  }

  private flush(): void {
    this.isFlushing = false
    for (const history of ['all', 'unsuccessful'] as const)
      while (this.waiting[history].length > 0 && this.flights < flightsMax) {
        this.flights += 1
        void this.write(this.waiting[history].splice(0, batchMax), history).finally(() => {
          this.flights -= 1
          this.flush()
        })
      }
  }

  private async write(batch: Waiting[], history: HistoryPolicy): Promise<void> {
    for (const { lease } of batch) this.waitingIds.delete(lease.id)
    try {
      const completed = await completeJobs(this.db, batch, history)
      // What somebody changed at that moment was passed over; of all else only a statement of its own can say why.
      const missed = missing(batch, completed)
      if (missed.length > 1) completed.push(...(await completeJobs(this.db, missed, history)))
      const ids = new Set(completed.map(({ id }) => id))
      if (completed.some(({ hasDependents }) => hasDependents)) this.onDependents()
      for (const { lease, settle } of batch) settle.resolve(ids.has(lease.id))
    } catch (err) {
      for (const { settle } of batch) settle.reject(err)
    }
  }
}

function missing(batch: readonly Waiting[], completed: readonly { id: string }[]): Waiting[] {
  if (completed.length === batch.length) return []
  const ids = new Set(completed.map(({ id }) => id))
  return batch.filter(({ lease }) => !ids.has(lease.id))
}
