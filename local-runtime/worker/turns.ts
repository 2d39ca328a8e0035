import type { Db } from '../../db/client.ts'
import {
  type Claim,
  hasLimits,
  type LeasedJob,
  leaseJobs,
  leaseLimitedJobs,
} from '../../db/system.ts'

type Source = {
  lease: typeof leaseJobs
  /** Of the tenants that a claim served, the one that the next claim begins behind. */
  lastTenantId: string
}

/** A claim, but for whose turn it is. */
export type Asked = Omit<Claim, 'afterTenantId'>

type Places = {
  limit: number
  /** What may be asked for now, when so many jobs are asked for in all. */
  ask: (limit: number) => Asked
  /** What came of it: of a failure, nothing. */
  answer: (asked: Asked, jobs: readonly LeasedJob[]) => void
}

const newSource = (lease: typeof leaseJobs): Source => ({
  lease,
  lastTenantId: '00000000-0000-0000-0000-000000000000',
})

/**
 * Whose turn it is: tenants are served one after the other, by their ids, and the first follows the last. Lanes with a
 * limit and those without are in turn the first to choose: who always took what the other leaves might wait for ever.
 */
export class Turns {
  private readonly free = newSource(leaseJobs)
  private readonly limited = newSource(leaseLimitedJobs)
  /** Some lane may have a limit. */
  isLimited = true
  private isLimitedFirst = false

  async learnLimits(db: Db, kinds: readonly string[]): Promise<void> {
    this.isLimited = await hasLimits(db, kinds)
  }

  /** Leases what is next. @returns how many */
  async lease(db: Db, places: Places): Promise<number> {
    const { limit } = places
    this.isLimitedFirst = this.isLimited && !this.isLimitedFirst
    const isLate = this.isLimited && !this.isLimitedFirst
    const early = this.isLimitedFirst ? await this.take(db, this.limited, places) : 0
    const free = await this.take(db, this.free, { ...places, limit: limit - early })
    if (!isLate) return early + free
    return free + (await this.take(db, this.limited, { ...places, limit: limit - free }))
  }

  private async take(db: Db, source: Source, { limit, ask, answer }: Places): Promise<number> {
    if (limit < 1) return 0
    const { lease, lastTenantId } = source
    const asked = ask(limit)
    let jobs: LeasedJob[] = []
    try {
      jobs = await lease(db, { ...asked, afterTenantId: lastTenantId })
      source.lastTenantId = lastServed(jobs, lastTenantId)
    } finally {
      answer(asked, jobs)
    }
    return jobs.length
  }
}

function lastServed(jobs: readonly Pick<LeasedJob, 'tenantId'>[], last: string): string {
  let wrapped = ''
  let ahead = ''
  for (const { tenantId } of jobs) {
    if (tenantId > last) ahead = tenantId > ahead ? tenantId : ahead
    else wrapped = tenantId > wrapped ? tenantId : wrapped
  }
  return wrapped || ahead || last
}
