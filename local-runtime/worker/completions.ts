import type { Db } from '../../db/client.ts'
import type { LeasedJob } from '../../db/system-jobs.ts'
import { type Completion, completeJobs } from '../../domain/jobs/lease.ts'

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
  private waiting: Waiting[] = []
  private readonly waitingIds = new Set<string>()
  private flights = 0

  /** @param onDependents called after the end of jobs for which others wait */
  constructor(db: Db, onDependents: () => void) {
    this.db = db
    this.onDependents = onDependents
  }

  /** @returns `false`: it was not completed, and only a statement of its own can say why */
  complete(lease: LeasedJob, result: Record<string, unknown> | null): Promise<boolean> {
    // An earlier attempt of this worker that lost the job: one answer could not tell the two apart.
    if (this.waitingIds.has(lease.id)) return Promise.resolve(false)
    const settle = Promise.withResolvers<boolean>()
    this.waitingIds.add(lease.id)
    this.waiting.push({ lease, result, settle })
    // Behind what else this turn of the event loop completes.
    if (this.waiting.length === 1) setImmediate(() => this.flush())
    return settle.promise
  }

  private flush(): void {
    while (this.waiting.length > 0 && this.flights < flightsMax) {
      this.flights += 1
      void this.write(this.waiting.splice(0, batchMax)).finally(() => {
        this.flights -= 1
        this.flush()
      })
    }
  }

  private async write(batch: Waiting[]): Promise<void> {
    for (const { lease } of batch) this.waitingIds.delete(lease.id)
    try {
      const completed = await completeJobs(this.db, batch)
      const ids = new Set(completed.map(({ id }) => id))
      if (completed.some(({ hasDependents }) => hasDependents)) this.onDependents()
      for (const { lease, settle } of batch) settle.resolve(ids.has(lease.id))
    } catch (err) {
      for (const { settle } of batch) settle.reject(err)
    }
  }
}
