import { and, asc, eq, sql } from 'drizzle-orm'
import type { Db, Tx } from '../../db/client.ts'
import { holdClaims } from '../../db/limit-lock.ts'
import { jobKinds, jobTenantLimits } from '../../db/schema/index.ts'

const tenantLimitsMax = 100
// More than anybody sets; the bound of a list without pages.
const kindsMax = 1_000

export type LimitRow = { kind: string; runningMax: number | null; pausedAt: Date | null }
export type LimitSetting = { kind: string; runningMax: number | null; paused: boolean }

const tenantColumns = {
  kind: jobTenantLimits.kind,
  runningMax: jobTenantLimits.runningMax,
  pausedAt: jobTenantLimits.pausedAt,
}

export const listTenantLimits = (db: Db, tenantId: string): Promise<LimitRow[]> =>
  db
    .select(tenantColumns)
    .from(jobTenantLimits)
    .where(eq(jobTenantLimits.tenantId, tenantId))
    .orderBy(asc(jobTenantLimits.kind))
    .limit(kindsMax)

// Paused again, it has been paused since the first time.
const pausedAt = (before: string, paused: boolean) =>
  sql`case when ${paused}::boolean then coalesce(${sql.raw(before)}, clock_timestamp()) end`

/** @returns `null`: the tenant has as many limits as it may */
export async function saveTenantLimit(
  tx: Tx,
  { tenantId, kind, runningMax, paused }: LimitSetting & { tenantId: string },
): Promise<LimitRow | null> {
  await holdClaims(tx)
  const rows = await tx.execute<{ pausedAt: string | null }>(sql`
    insert into job_tenant_limits (tenant_id, kind, running_max, paused_at)
    select ${tenantId}::uuid, ${kind}::text, ${runningMax}::int, ${pausedAt('null', paused)}
    where (select count(*) from job_tenant_limits o
      where o.tenant_id = ${tenantId} and o.kind <> ${kind}) < ${tenantLimitsMax}
    on conflict (tenant_id, kind) do update
      set running_max = excluded.running_max, paused_at = ${pausedAt('job_tenant_limits.paused_at', paused)}
    returning paused_at as "pausedAt"`)
  return toLimit({ kind, runningMax }, rows[0])
}

/** @returns whether there was one */
export async function removeTenantLimit(
  tx: Tx,
  { tenantId, kind }: { tenantId: string; kind: string },
): Promise<boolean> {
  const rows = await tx
    .delete(jobTenantLimits)
    .where(and(eq(jobTenantLimits.tenantId, tenantId), eq(jobTenantLimits.kind, kind)))
    .returning({ kind: jobTenantLimits.kind })
  return rows.length > 0
}

export const listKindLimits = (db: Db): Promise<LimitRow[]> =>
  db.select().from(jobKinds).orderBy(asc(jobKinds.kind)).limit(kindsMax)

export async function saveKindLimit(
  tx: Tx,
  { kind, runningMax, paused }: LimitSetting,
): Promise<LimitRow | null> {
  await holdClaims(tx)
  const rows = await tx.execute<{ pausedAt: string | null }>(sql`
    insert into job_kinds as k (kind, running_max, paused_at)
    values (${kind}, ${runningMax}, ${pausedAt('null', paused)})
    on conflict (kind) do update
      set running_max = excluded.running_max, paused_at = ${pausedAt('k.paused_at', paused)}
    returning paused_at as "pausedAt"`)
  return toLimit({ kind, runningMax }, rows[0])
}

export async function removeKindLimit(tx: Tx, kind: string): Promise<boolean> {
  const rows = await tx
    .delete(jobKinds)
    .where(eq(jobKinds.kind, kind))
    .returning({ kind: jobKinds.kind })
  return rows.length > 0
}

function toLimit(
  limit: Pick<LimitRow, 'kind' | 'runningMax'>,
  row: { pausedAt: string | null } | undefined,
): LimitRow | null {
  return row ? { ...limit, pausedAt: row.pausedAt === null ? null : new Date(row.pausedAt) } : null
}
