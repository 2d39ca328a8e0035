import { sql } from 'drizzle-orm'
import { textArray } from '../../db/claim.ts'
import type { Db } from '../../db/client.ts'

/**
 * A look before a claim: is anything queued, and is any limit or pause set that concerns these kinds of this tenant?
 * Claims on limited lanes come one after the other in the whole cluster, so none is made for nothing.
 */
export async function readLanes(
  db: Db,
  { tenantId, kinds }: { tenantId: string; kinds: readonly string[] },
): Promise<{ hasQueued: boolean; isLimited: boolean }> {
  const asked = textArray(kinds)
  const [row] = await db.execute<{ hasQueued: boolean; isLimited: boolean }>(sql`
    select exists (select from unnest(${asked}::text[]) a(kind) cross join lateral (
        -- In the order of the index, so that no plan reads the table, whatever its size was believed to be.
        select q.id from jobs q
        where q.status = 'queued' and q.kind = a.kind and q.tenant_id = ${tenantId}
        order by q.priority desc, q.run_at, q.id limit 1) j) as "hasQueued",
      exists (select from job_kinds where running_max is not null and kind = any(${asked}::text[]))
        or exists (select from job_tenant_limits where tenant_id = ${tenantId}) as "isLimited"`)
  return row ?? { hasQueued: false, isLimited: false }
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
