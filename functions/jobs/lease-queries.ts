import { sql } from 'drizzle-orm'
import { textArray } from '../../db/claim.ts'
import type { Db } from '../../db/client.ts'

/** Is any limit or pause set that concerns these kinds of this tenant? */
export async function hasLimits(
  db: Db,
  { tenantId, kinds }: { tenantId: string; kinds: readonly string[] },
): Promise<boolean> {
  const [row] = await db.execute<{ found: boolean }>(sql`
    select exists (select from job_kinds
        where running_max is not null and kind = any(${textArray(kinds)}::text[]))
      or exists (select from job_tenant_limits where tenant_id = ${tenantId}) as found`)
  return row?.found ?? false
}

/** When leases end, by the id of their job. */
export async function listLeaseEnds(
  db: Db,
  tenantId: string,
  leases: readonly { id: string; leaseToken: string }[],
): Promise<Map<string, string>> {
  if (leases.length === 0) return new Map()
  const rows = await db.execute<{ id: string; at: string }>(sql`
    select id, lease_expires_at as at from jobs
    where tenant_id = ${tenantId} and id = any(${textArray(leases.map(({ id }) => id))}::uuid[])
      and lease_expires_at is not null`)
  return new Map([...rows].map(({ id, at }) => [id, new Date(at).toISOString()]))
}
