import type { Db } from '../../db/client.ts'
import type { LeasedJob } from '../../db/system-jobs.ts'
import type { HistoryPolicy } from '../../domain/jobs/lease.ts'
import { type Completion, completeJobs } from '../../domain/jobs/lease-batches.ts'

/** Of one batch, the ids of the jobs that were not completed; only a statement of its own can say why. */
export type Missed = ReadonlySet<string>

class Batch {
  readonly completions: Completion[] = []
  readonly ids = new Set<string>()
  // One for all of a batch: at a hundred thousand jobs a second each promise counts.
  readonly outcome = Promise.withResolvers<Missed>()
}

const batchMax = 2_000
const flightsMax = 3

/**
 * Completes jobs without an effect many at a time: what ends while a statement is under way goes with the next one, so
 * a quiet worker waits for nothing and a busy one writes a thousand in a statement.
 */
export class Completions {
  private readonly db: Db
  private readonly onDependents: () => void
  private readonly waiting: Record<HistoryPolicy, Batch[]> = { all: [], unsuccessful: [] }
  private isFlushing = false
  private flights = 0

  /** @param onDependents called after the end of jobs for which others wait */
  constructor(db: Db, onDependents: () => void) {
    this.db = db
    this.onDependents = onDependents
  }

  /** @returns for the job's whole batch: which of them were not completed */
  complete(
    lease: LeasedJob,
    result: Record<string, unknown> | null,
    history: HistoryPolicy = 'all',
  ): Promise<Missed> {
    const batch = this.openBatch(history, lease.id)
    batch.ids.add(lease.id)
    batch.completions.push({ lease, result })
    // Behind what else this turn of the event loop completes.
    if (!this.isFlushing) setImmediate(() => this.flush())
    this.isFlushing = true
    return batch.outcome.promise
  }

  /** Not with an earlier attempt of this worker that lost the job: one answer could not tell the two apart. */
  private openBatch(history: HistoryPolicy, id: string): Batch {
    const last = this.waiting[history].at(-1)
    if (last && last.completions.length < batchMax && !last.ids.has(id)) return last
    const batch = new Batch()
    this.waiting[history].push(batch)
    return batch
  }

  private flush(): void {
    this.isFlushing = false
    for (const history of ['all', 'unsuccessful'] as const)
      for (const batch of this.waiting[history].splice(0, flightsMax - this.flights)) {
        this.flights += 1
        void this.write(batch, history).finally(() => {
          this.flights -= 1
          this.flush()
        })
      }
  }

  private async write({ completions, outcome }: Batch, history: HistoryPolicy): Promise<void> {
    try {
      const { missed, hasDependents } = await completeJobs(this.db, completions, history)
      if (hasDependents) this.onDependents()
      outcome.resolve(new Set(missed.map(({ lease }) => lease.id)))
    } catch (err) {
      outcome.reject(err)
    }
  }
}
