import type { Db } from '../../db/client.ts'
import type { JobStatus } from '../../db/schema/index.ts'
import {
  countOpenJobs,
  type JobOverview,
  listRecentFailures,
  listRunningJobs,
  listWorkers,
  readQueueCounters,
  type WorkerReport,
} from '../../db/system.ts'
import { byKind, type KindReport } from './jobs-counts.ts'

const runningMax = 20
const failuresMax = 10

/** The queue at one moment. */
export type QueueLook = {
  at: Date
  kinds: KindReport[] // of open jobs
  isCapped: boolean // there are more than were counted
  workers: WorkerReport[]
  running: JobOverview[] // the longest first
  failures: JobOverview[] // the latest first
  /** Of all tenants; `null` when one tenant alone is looked at. */
  counters: { enqueued: number; ended: number } | null
}

/** Reads what the live view shows, in statements that have bounds. */
export async function readLook(
  db: Db,
  { tenantId, at }: { tenantId: string | null; at: Date },
): Promise<QueueLook> {
  const [{ counts, isCapped }, workers, running, failures, counters] = await Promise.all([
    countOpenJobs(db, { tenantId }),
    listWorkers(db, { tenantId }),
    listRunningJobs(db, { tenantId, limit: runningMax }),
    listRecentFailures(db, { tenantId, limit: failuresMax }),
    tenantId === null ? readQueueCounters(db) : null,
  ])
  return { at, kinds: byKind(counts), isCapped, workers, running, failures, counters }
}

/** Jobs of all kinds in one state. */
export const totalOf = ({ kinds }: QueueLook, status: JobStatus): number =>
  kinds.reduce((sum, { byStatus }) => sum + (byStatus[status] ?? 0), 0)

/** Since when the queued job that has waited longest could have begun. */
export function oldestOf({ kinds }: QueueLook): Date | null {
  const times = kinds.flatMap(({ oldestAt }) => (oldestAt === null ? [] : [oldestAt.getTime()]))
  return times.length === 0 ? null : new Date(Math.min(...times))
}

/** Per second. `null` while there is nothing to compare with. */
export type QueueRates = {
  enqueued: number | null
  ended: number | null
  /** Attempts that ended, of each kind, as far as workers tell. */
  byKind: Map<string, number>
}

// Workers and tables tell their counts about once a second: over less the rate would jump.
const windowMs = 5_000

/** Rates from the counts of the looks of the last five seconds. */
export class RateMeter {
  #looks: QueueLook[] = []

  add(look: QueueLook): QueueRates {
    const isRecent = ({ at }: QueueLook) => look.at.getTime() - at.getTime() <= windowMs
    this.#looks = [...this.#looks.filter(isRecent), look]
    const [first = look] = this.#looks
    const seconds = (look.at.getTime() - first.at.getTime()) / 1_000
    if (seconds <= 0) return { enqueued: null, ended: null, byKind: new Map() }
    const rate = (name: 'enqueued' | 'ended'): number | null =>
      look.counters === null || first.counters === null
        ? null
        : Math.max(0, look.counters[name] - first.counters[name]) / seconds
    return {
      enqueued: rate('enqueued'),
      ended: rate('ended'),
      byKind: finishedRates(first, look, seconds),
    }
  }
}

/** A worker that started meanwhile counts from its start; one that was only silent, from when it is heard again. */
function finishedRates(first: QueueLook, last: QueueLook, seconds: number): Map<string, number> {
  const before = new Map(first.workers.map(({ id, kinds }) => [id, kinds]))
  const rates = new Map<string, number>()
  for (const { id, kinds, startedAt } of last.workers) {
    if (!before.has(id) && startedAt < first.at) continue
    for (const [kind, { finished }] of Object.entries(kinds)) {
      const more = Math.max(0, finished - (before.get(id)?.[kind]?.finished ?? 0))
      rates.set(kind, (rates.get(kind) ?? 0) + more / seconds)
    }
  }
  return rates
}
