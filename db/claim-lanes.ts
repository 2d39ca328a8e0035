/** Which lanes (a kind of one tenant) a claim may take from, and how much. */
import { type SQL, sql } from 'drizzle-orm'
import type { Claim } from './claim.ts'

/** The CTE `asked`: kinds that may begin at all, each with the claimer's places. */
export function askedKinds({ places }: Claim, lanes: 'free' | 'limited'): SQL {
  const kinds = Object.keys(places).filter((kind) => (places[kind] ?? 0) > 0)
  return sql`select a.kind, a.places from unnest(${textArray(kinds)}::text[],
      ${`{${kinds.map((kind) => places[kind]).join(',')}}`}::int[]) a(kind, places)
    where not exists (select from job_kinds k where k.kind = a.kind and (k.paused_at is not null or ${
      lanes === 'limited'
        ? sql`k.running_max <= (select sum(r.count) from running r where r.kind = k.kind)`
        : sql`k.running_max is not null`
    }))`
}

/** Kinds of which this tenant's jobs may begin, whatever else runs. */
export const freeLanes = (tenantId: SQL): SQL => sql`
  select a.kind, a.places as kind_places, a.places as lane_places, null::int as tenant_places
  from asked a where not exists (select from job_tenant_limits t
    where t.tenant_id = ${tenantId} and t.kind in (a.kind, '*'))`

/** For limited lanes: a CTE of what runs. */
export const runningCounts = sql`running as materialized (
    select kind, tenant_id, count(*)::int as count from jobs where status = 'running' group by kind, tenant_id
  )`

/** For limited lanes: a CTE of the rows of `job_tenant_limits` that let nothing begin now. */
export const fullLanes = sql`full_lanes as materialized (
    select t.tenant_id, t.kind from job_tenant_limits t left join (
      select tenant_id, kind, count from running
      union all select tenant_id, '*', sum(count) from running group by tenant_id
    ) r using (tenant_id, kind)
    where t.paused_at is not null or t.running_max <= r.count
  )`

/**
 * Kinds of which this tenant's jobs may begin within limits. Asked for each of perhaps thousands of tenants, so it
 * counts nothing: the sub-selects without the tenant become hash tables.
 */
export const limitedKinds = (tenantId: SQL): SQL => sql`
  select a.kind from asked a
  where (${tenantId}, a.kind) not in (select tenant_id, kind from full_lanes)
    and (${tenantId}, '*') not in (select tenant_id, kind from full_lanes)
    and (exists (select from job_kinds k where k.kind = a.kind and k.running_max is not null)
      or exists (select from job_tenant_limits t
        where t.tenant_id = ${tenantId} and t.kind in (a.kind, '*')))`

/** The same with the places that the limits leave; `least` passes over one that is not set. */
export const limitedLanes = (tenantId: SQL): SQL => sql`
  select l.kind, least(a.places, k.running_max
      - (select coalesce(sum(r.count), 0) from running r where r.kind = l.kind)) as kind_places,
    least(a.places, one.running_max - (select coalesce(sum(r.count), 0) from running r
      where r.kind = l.kind and r.tenant_id = ${tenantId})) as lane_places,
    every.running_max - (select coalesce(sum(r.count), 0) from running r
      where r.tenant_id = ${tenantId}) as tenant_places
  from (${limitedKinds(tenantId)}) l join asked a on a.kind = l.kind
  left join job_kinds k on k.kind = l.kind
  left join job_tenant_limits every on every.tenant_id = ${tenantId} and every.kind = '*'
  left join job_tenant_limits one on one.tenant_id = ${tenantId} and one.kind = l.kind`

/** A Postgres array literal; the parameter stays one text, whatever the driver knows of types. */
export function textArray(values: readonly string[]): string {
  return `{${values.map((value) => `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`).join(',')}}`
}
