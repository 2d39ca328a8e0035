import { sql } from 'drizzle-orm'
import type { Db } from '../../db/client.ts'
import { keepCompleted, keptColumns, tellCompleted } from '../../db/run-ending.ts'
import {
  type HeartbeatState,
  type HistoryPolicy,
  heartbeatJob,
  heartbeatState,
  type Lease,
} from './lease.ts'

export type Completion = { lease: Lease; result: Record<string, unknown> | null }
export type Completed = { id: string; hasDependents: boolean }
/**
 * Prolongs leases from now, by the database's clock, but no attempt beyond the time that it may run.
 * @returns one state for each lease, in order
 */
export async function heartbeatJobs(
  db: Db,
  leases: readonly Lease[],
  leaseMs: number,
): Promise<HeartbeatState[]> {
  if (leases.length === 0) return []
  const rows = await db.execute<{ id: string; token: string; cancel: boolean }>(sql`
    with asked as materialized (${leaseRows(leases)}), relaxed as materialized (
      -- Should a crash of the server take this back, the lease only ends sooner.
      select clock_timestamp() as at, set_config('synchronous_commit', 'off', true)
    )
    update jobs j set heartbeat_at = (select at from relaxed), lease_expires_at = least(
      (select at from relaxed) + ${leaseMs}::int * interval '1 millisecond',
      j.leased_at + j.run_ms_max * interval '1 millisecond')
    where ${heldByAsked}
    returning j.id, j.lease_token as token, j.cancel_requested_at is not null as cancel`)
  const found = new Map([...rows].map(({ id, token, cancel }) => [`${id} ${token}`, cancel]))
  return Promise.all(
    leases.map(async (lease) => {
      const cancel = found.get(`${lease.id} ${lease.leaseToken}`)
      return cancel === undefined ? heartbeatJob(db, lease, leaseMs) : heartbeatState(cancel)
    }),
  )
}

/**
 * Completes jobs that have no further effect, in one statement; one that is not in the answer was not completed, and
 * `completeJob` says why.
 * @param completions of different jobs: of two attempts at one the answer could not tell which it was
 */
export async function completeJobs(
  db: Db,
  completions: readonly Completion[],
  history: HistoryPolicy = 'all',
): Promise<Completed[]> {
  if (new Set(completions.map(({ lease }) => lease.id)).size < completions.length)
    throw new RangeError('A job was named twice.')
  const asked = leaseRows(completions.map(({ lease }) => lease))
  const rows =
    history === 'all'
      ? await db.execute<Completed>(sql`
          with asked as materialized (${asked}), results as materialized (
            select ${resultsById(completions)}::jsonb as by_id
          ), gone as (
            delete from jobs j where ${heldByAsked}
            returning ${keptColumns}, version, errors, has_dependents,
              (select by_id from results)->id::text as final_result
          ), ${keepCompleted()}
          select id, has_dependents as "hasDependents" from gone`)
      : await db.execute<Completed>(sql`
          with asked as materialized (${asked}), gone as (
            delete from jobs j where ${heldByAsked} returning tenant_id, id, has_dependents
          ), ${tellCompleted()}
          select id, has_dependents as "hasDependents" from gone`)
  return [...rows]
}

function resultsById(completions: readonly Completion[]): string {
  const results: Record<string, unknown> = {}
  for (const { lease, result } of completions) if (result !== null) results[lease.id] = result
  return JSON.stringify(results)
}

/** Rows of `tenant_id`, `id` and `lease_token`. The leases of one claim share two of them, which are sent once. */
function leaseRows(leases: readonly Lease[]) {
  const claims = [...Map.groupBy(leases, ({ tenantId, leaseToken }) => `${tenantId},${leaseToken}`)]
  const column = (part: 0 | 1) => `{${claims.map(([claim]) => claim.split(',')[part]).join(',')}}`
  const ids = claims.map(([, members]) => `"{${members.map(({ id }) => id).join(',')}}"`)
  return sql`select c.tenant_id, i.id, c.lease_token
    from unnest(${column(0)}::uuid[], ${column(1)}::uuid[], ${`{${ids.join(',')}}`}::text[])
      as c(tenant_id, lease_token, ids)
    cross join lateral unnest(c.ids::uuid[]) as i(id)`
}

/**
 * The fence for many: rows of `jobs j` whose lease is in the CTE `asked`. Each is looked up by its key and then taken by
 * its place, so that no plan can be chosen that reads the whole table, whatever the server believes of its size. Beside no
 * other table: for a join it may read the whole of an index.
 * A row that somebody changes at the same moment may be passed over: ask for that one alone before it counts as lost.
 */
const heldByAsked = sql`j.ctid = any(array(
      select (select q.ctid from jobs q
        where q.tenant_id = a.tenant_id and q.id = a.id and q.lease_token = a.lease_token)
      from asked a))
    and case when (j.tenant_id, j.id, j.lease_token) in (select tenant_id, id, lease_token from asked)
      then true else false end` // a bare `in` would become a join, and look every key up again
