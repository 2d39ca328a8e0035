import { type SQL, sql } from 'drizzle-orm'
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
  const { asked, condition } = heldByKey(leases)
  const rows = await db.execute<{ id: string; token: string; cancel: boolean }>(sql`
    with ${asked} relaxed as materialized (
      -- Should a crash of the server take this back, the lease only ends sooner.
      select clock_timestamp() as at, set_config('synchronous_commit', 'off', true)
    )
    update jobs j set heartbeat_at = (select at from relaxed), lease_expires_at = least(
      (select at from relaxed) + ${leaseMs}::int * interval '1 millisecond',
      j.leased_at + j.run_ms_max * interval '1 millisecond')
    where ${condition}
    returning j.id, j.lease_token as token, j.cancel_requested_at is not null as cancel`)
  const found = new Map([...rows].map(({ id, token, cancel }) => [`${id} ${token}`, cancel]))
  return Promise.all(
    leases.map(async (lease) => {
      const cancel = found.get(`${lease.id} ${lease.leaseToken}`)
      return cancel === undefined ? heartbeatJob(db, lease, leaseMs) : heartbeatState(cancel)
    }),
  )
}

// Completions that come together were mostly leased together. Of more claims than these, one statement takes all.
const claimsApartMax = 3

/**
 * Completes jobs that have no further effect: where they were seen when they were leased, in a statement for each claim or
 * one for all; a job that moved in its table since then is looked up by its key.
 * @param completions of different jobs: of two attempts at one the answer could not tell which it was
 * @returns what was not completed: `completeJob` says why
 */
export async function completeJobs<T extends Completion>(
  db: Db,
  completions: readonly T[],
  history: HistoryPolicy = 'all',
): Promise<{ missed: T[]; hasDependents: boolean }> {
  const ids = new Set(completions.map(({ lease }) => lease.id))
  if (ids.size < completions.length) throw new RangeError('A job was named twice.')
  const claims = [...Map.groupBy(completions, ({ lease }) => lease.leaseToken).values()]
  const isFew = claims.length <= claimsApartMax
  const outcomes = await Promise.all(
    isFew
      ? claims.map((claim) => complete(db, claim, heldInClaim, history))
      : [complete(db, completions, heldInClaims, history)],
  )
  const missed = outcomes.flatMap((outcome) => outcome.missed)
  if (missed.length > 0) {
    const late = await complete(db, missed, heldByKey, history)
    return { ...late, hasDependents: [late, ...outcomes].some((each) => each.hasDependents) }
  }
  return { missed, hasDependents: outcomes.some((each) => each.hasDependents) }
}

/** A condition on rows of `jobs j`, and the CTEs that it needs. */
type Fence = (leases: readonly Lease[]) => { asked: SQL; condition: SQL }

async function complete<T extends Completion>(
  db: Db,
  completions: readonly T[],
  fence: Fence,
  history: HistoryPolicy,
): Promise<{ missed: T[]; hasDependents: boolean }> {
  const held = fence(completions.map(({ lease }) => lease))
  const [row] = await db.execute<Completed>(completion(completions, held, history))
  if (!row || row.ids === null) return { missed: [], hasDependents: row?.hasDependents ?? false }
  const completed = new Set(row.ids)
  const missed = completions.filter(({ lease }) => !completed.has(lease.id))
  return { missed, hasDependents: row.hasDependents }
}

/** `ids`: of those that were completed, unless all were. */
type Completed = { ids: string[] | null; hasDependents: boolean }

function completion(
  completions: readonly Completion[],
  { asked, condition }: ReturnType<Fence>,
  history: HistoryPolicy,
): SQL {
  const answer = sql`select coalesce(bool_or(has_dependents), false) as "hasDependents",
    case when count(*) < ${completions.length}::int
      then (select coalesce(json_agg(id), '[]') from gone) end as ids from gone`
  if (history === 'unsuccessful')
    return sql`with ${asked} gone as (
        delete from jobs j where ${condition} returning tenant_id, id, has_dependents
      ), ${tellCompleted()} ${answer}`
  return sql`with ${asked} results as materialized (
      select ${resultsById(completions)}::jsonb as by_id
    ), gone as (
      delete from jobs j where ${condition}
      returning ${keptColumns}, version, errors, has_dependents,
        (select by_id from results)->id::text as final_result
    ), ${keepCompleted()} ${answer}`
}

function resultsById(completions: readonly Completion[]): string {
  const results: Record<string, unknown> = {}
  for (const { lease, result } of completions) if (result !== null) results[lease.id] = result
  return JSON.stringify(results)
}

const noPlace = { tid: '(0,0)', xmin: '0' }
const placeOf = ({ tid, xmin }: Lease) =>
  tid === undefined || xmin === undefined ? noPlace : { tid, xmin }

/**
 * The fence for the jobs of one claim. A place in a table and the transaction that wrote there name one version of one
 * row: if nobody has changed it since, it is still the job that was leased.
 */
const heldInClaim: Fence = (leases) => {
  const [first] = leases
  const tids = leases.map((lease) => `"${placeOf(lease).tid}"`)
  return {
    asked: sql``,
    condition: sql`j.ctid = any(${array(tids)}::tid[]) and j.xmin = ${first ? placeOf(first).xmin : '0'}::xid
      and j.lease_token = ${first?.leaseToken ?? null}::uuid and ${ofTenants(leases)}`,
  }
}

/** The same for many claims (drizzle/0002_claim.sql). */
const heldInClaims: Fence = (leases) => {
  const places = leases.map(placeOf)
  return {
    asked: sql``,
    condition: sql`j.ctid = any(held_jobs(${array(places.map(({ tid }) => `"${tid}"`))}::tid[],
      ${array(places.map(({ xmin }) => xmin))}::xid[], ${array(leases.map(({ leaseToken }) => leaseToken))}::uuid[]))
      and ${ofTenants(leases)}`,
  }
}

/** In words that no index can follow: the server would rather read all of a table that it believes to be empty. */
function ofTenants(leases: readonly Lease[]): SQL {
  const ids = [...new Set(leases.map(({ tenantId }) => tenantId))]
  return sql`case when j.tenant_id = any(${array(ids)}::uuid[]) then true else false end`
}

const array = (values: readonly unknown[]): string => `{${values.join(',')}}`

/**
 * The fence for many: rows of `jobs j` whose lease is in the CTE `asked`. Each is looked up by its key and then taken by
 * its place, so that no plan can be chosen that reads the whole table, whatever the server believes of its size. Beside no
 * other table: for a join it may read the whole of an index.
 * A row that somebody changes at the same moment may be passed over: ask for that one alone before it counts as lost.
 */
const heldByKey: Fence = (leases) => {
  const columns = [
    leases.map(({ tenantId }) => tenantId),
    leases.map(({ id }) => id),
    leases.map(({ leaseToken }) => leaseToken),
  ]
  const [tenantIds, ids, tokens] = columns.map((values) => sql`${array(values)}::uuid[]`)
  return {
    asked: sql`asked as materialized (
      select * from unnest(${tenantIds}, ${ids}, ${tokens}) as a(tenant_id, id, lease_token)),`,
    condition: sql`j.ctid = any(array(
      select (select q.ctid from jobs q
        where q.tenant_id = a.tenant_id and q.id = a.id and q.lease_token = a.lease_token)
      from asked a))
    and case when (j.tenant_id, j.id, j.lease_token) in (select tenant_id, id, lease_token from asked)
      then true else false end`, // a bare `in` would become a join, and look every key up again
  }
}
