import type { Db } from '../../db/client.ts'
import { promoteDueJobs, recoverExpiredLeases, releaseDependents } from '../../db/system.ts'
import type { Log } from '../../functions/_shared/ports/log.ts'

const recoveredMax = 500
const promotedMax = 1_000
const releasedMax = 1_000

/**
 * What any worker does for all of them, again and again: takes expired leases back, queues what is due, and tells those
 * that wait for ended jobs. Several at once pass over each other's rows.
 * @returns whether there are jobs now that somebody may take
 */
export async function tendQueue(db: Db, log: Log): Promise<boolean> {
  let changed = await recover(db, log)
  // A job that is cancelled because of another may be waited for, too, and so on down the line.
  for (let cancelled = true; cancelled; ) {
    const told = await release(db)
    const { queued, seen } = await promote(db)
    changed += told + queued
    cancelled = seen > queued
  }
  return changed > 0
}

async function release(db: Db): Promise<number> {
  let told = 0
  for (let count = releasedMax; count === releasedMax; told += count)
    count = await releaseDependents(db, releasedMax)
  return told
}

async function promote(db: Db): Promise<{ queued: number; seen: number }> {
  const sum = { queued: 0, seen: 0 }
  for (let seen = promotedMax; seen === promotedMax; sum.seen += seen) {
    const round = await promoteDueJobs(db, promotedMax)
    seen = round.seen
    sum.queued += round.queued
  }
  return sum
}

async function recover(db: Db, log: Log): Promise<number> {
  for (let count = 0; ; ) {
    const recovered = await recoverExpiredLeases(db, recoveredMax)
    for (const { id, ending, code } of recovered)
      log.warn('A job was taken back from a worker that stopped', {
        job_id: id,
        next: ending,
        code,
      })
    count += recovered.length
    if (recovered.length < recoveredMax) return count
  }
}
