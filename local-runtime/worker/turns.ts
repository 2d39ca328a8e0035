import type { LeasedJob } from '../../db/system.ts'

/** Whose turn it is: tenants are served one after the other, by their ids, and the first follows the last. */
export class Turns {
  /** Of the tenants that a claim served, the one that the next claim begins behind. */
  lastTenantId = '00000000-0000-0000-0000-000000000000'

  served(jobs: readonly Pick<LeasedJob, 'tenantId'>[]): void {
    let wrapped = ''
    let ahead = ''
    for (const { tenantId } of jobs) {
      if (tenantId > this.lastTenantId) ahead = tenantId > ahead ? tenantId : ahead
      else wrapped = tenantId > wrapped ? tenantId : wrapped
    }
    this.lastTenantId = wrapped || ahead || this.lastTenantId
  }
}
