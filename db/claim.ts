import { type SQL, sql } from 'drizzle-orm'

/** What a claim may take. */
export type Claim = {
  worker: string // name for people: host and pid
  /** How many of each kind may still run with this claimer. */
  places: Readonly<Record<string, number>>
  limit: number // jobs of all kinds together
  leaseMs: number
  /** Tenants are served in turn: the one behind this goes first. Any UUID. */
  afterTenantId: string
  /** Serves this tenant alone. */
  tenantId?: string
}

/**
 * One statement that leases the jobs that are next in turn. Which those are is found by a function of the database
 * (drizzle/0002_claim.sql), because only there the plan of the search can be made sure of; it locks them, so claimers
 * pass over each other's and never wait.
 *
 * `free`: lanes (a kind of one tenant) without any limit or pause, or those with one. Claims on limited lanes come one
 * after the other, by a lock that they take first.
 */
export function claimStatement(claim: Claim, lanes: 'free' | 'limited', leaseToken: string): SQL {
  const { worker, limit, leaseMs, places, afterTenantId, tenantId = null } = claim
  const kinds = Object.keys(places).filter((kind) => (places[kind] ?? 0) > 0)
  const open = `{${kinds.map((kind) => places[kind]).join(',')}}`
  const search = sql`(${textArray(kinds)}::text[], ${open}::int[], ${limit}::int, ${afterTenantId}::uuid, ${tenantId}::uuid)`
  const isLimited = lanes === 'limited'
  return sql`/* system: lease-jobs */
    with claim as materialized (
      select clock_timestamp() as at,
        -- A claim that a crash of the server takes back leaves the job queued, and the attempt without a lease.
        ${isLimited ? sql`true` : sql`set_config('synchronous_commit', 'off', true)`} as is_relaxed
    )
    update jobs j set status = 'running', attempts = j.attempts + 1, version = j.version + 1,
      lease_token = ${leaseToken}, leased_by = ${worker}, leased_at = (select at from claim),
      heartbeat_at = (select at from claim),
      lease_expires_at = (select at from claim) + least(j.run_ms_max, ${leaseMs}::int) * interval '1 millisecond'
    where j.ctid = any((select ${isLimited ? sql`next_limited_jobs${search}` : sql`next_free_jobs${search}`})::tid[])
    returning j.tenant_id as "tenantId", j.id, j.ctid as tid, j.xmin, j.kind, j.payload, j.attempts,
      j.attempts_max as "attemptsMax", j.run_ms_max as "runMsMax", j.subject_id as "subjectId",
      j.user_id as "userId", j.request_id as "requestId", nullif(j.steps, '[]') as steps, j.priority,
      date_part('epoch', j.run_at) as "runAtSeconds",
      j.attempts > 1 and (j.errors @> '[{"code":"lease_lost"}]' or j.errors @> '[{"code":"timeout"}]') as "isSuspect"`
}

/** A Postgres array literal; the parameter stays one text, whatever the driver knows of types. */
export function textArray(values: readonly string[]): string {
  return `{${values.map((value) => `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`).join(',')}}`
}
