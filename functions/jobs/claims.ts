import type { Db } from '../../db/client.ts'
import { type Claim, type LeasedJob, leaseJobs, leaseLimitedJobs } from '../../db/system.ts'
import { releaseJob } from '../../domain/jobs/lease.ts'
import type { Log } from '../_shared/ports/log.ts'
import { readLanes } from './lease-queries.ts'

export type TenantClaim = Claim & { tenantId: string }
type Lane = (db: Db, claim: Claim) => Promise<LeasedJob[]>

/** Leases what one tenant has queued, in lanes with a limit and in those without one. */
export async function claimJobs(db: Db, claim: TenantClaim, log: Log): Promise<LeasedJob[]> {
  const { tenantId } = claim
  const kinds = Object.keys(claim.places)
  const { hasQueued, isLimited } = await readLanes(db, { tenantId, kinds })
  if (!hasQueued) return []
  if (!isLimited) return leaseJobs(db, claim)
  // In turn by chance: a lane that alone could fill every claim would starve the other.
  const lanes: Lane[] = [leaseJobs, leaseLimitedJobs]
  if (Math.random() < 0.5) lanes.reverse()
  const jobs: LeasedJob[] = []
  for (const lane of lanes) {
    try {
      jobs.push(...(await lane(db, { ...claim, limit: claim.limit - jobs.length })))
    } catch (err) {
      if (jobs.length === 0) throw err
      // What is leased already must reach the caller.
      log.warn('not all lanes could be asked for jobs', {}, err)
    }
  }
  return jobs
}

/** Gives back what nobody is there to take. What cannot be given back is recovered when its lease expires. */
export async function giveBack(db: Db, jobs: readonly LeasedJob[], log: Log): Promise<void> {
  if (jobs.length === 0) return
  const released = await Promise.allSettled(jobs.map((job) => releaseJob(db, job)))
  const failed = released.find((result) => result.status === 'rejected')
  log.info('jobs were given back: their caller has gone', { jobs: jobs.length })
  if (failed) log.warn('a lease that nobody has could not be given back', {}, failed.reason)
}
