import type { Claim } from '../../db/system.ts'

/** A claim of jobs of one kind, of all tenants in turn. */
export function claimOf(kind: string, options: Partial<Claim> = {}): Claim {
  const limit = options.limit ?? 10
  return {
    worker: 'test',
    places: { [kind]: limit },
    limit,
    leaseMs: 60_000,
    afterTenantId: '00000000-0000-0000-0000-000000000000',
    ...options,
  }
}
