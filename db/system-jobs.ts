/** The statements of the queue that serve all tenants at once: a worker belongs to none. */
import { type SQL, sql } from 'drizzle-orm'
import { type Claim, claimStatement } from './claim.ts'
import type { Db } from './client.ts'
import { endJobs } from './run-ending.ts'
import { appendEvents, startedEvents } from './run-events.ts'
import type { JobStep } from './schema/jobs.ts'

export type { Claim } from './claim.ts'

/** One attempt's right to a job, until `leaseToken` is replaced. */
export type LeasedJob = {
  tenantId: string
  id: string
  /** The version of its row that this claim wrote: where it lies, and the transaction. */
  tid: string
  xmin: string
  leaseToken: string // of one claim; with the job's id it names the attempt
  kind: string
  subjectId: string | null
  userId: string | null
  requestId: string | null
  payload: Record<string, unknown>
  attempts: number // this one included
  attemptsMax: number
  runMsMax: number | null
  steps: JobStep[] // done by earlier attempts
  priority: number
  isSuspect: boolean // an earlier attempt took its worker away, or too long, or ran beside one that did
}

/**
 * Leases due jobs: tenants in turn, of each the largest priority and then the oldest first. Lanes with a limit are
 * left to {@link leaseLimitedJobs}.
 */
export async function leaseJobs(db: Db, claim: Claim): Promise<LeasedJob[]> {
  if (claim.limit < 1 || !hasPlaces(claim)) return []
  return lease(db, claim, 'free')
}

/**
 * Leases jobs of the kinds and tenants for which a limit is set. What runs is counted under a lock that only such
 * claims take, so a limit is never exceeded, however many hosts claim at once.
 */
export async function leaseLimitedJobs(db: Db, claim: Claim): Promise<LeasedJob[]> {
  if (claim.limit < 1 || !hasPlaces(claim)) return []
  return lease(db, claim, 'limited')
}

type ClaimedRow = LeasedJob & { steps: JobStep[] | null; runAtSeconds: number }

async function lease(db: Db, claim: Claim, lanes: 'free' | 'limited'): Promise<LeasedJob[]> {
  const leaseToken = crypto.randomUUID()
  const rows = await db.execute<ClaimedRow>(claimStatement(claim, lanes, leaseToken))
  // What is the same for all was not sent.
  for (const row of rows) {
    row.leaseToken = leaseToken
    row.steps ??= []
  }
  // An update returns its rows as they lie on disk.
  return [...rows].sort(inOrder)
}

const inOrder = (a: ClaimedRow, b: ClaimedRow): number =>
  b.priority - a.priority || a.runAtSeconds - b.runAtSeconds || (a.id < b.id ? -1 : 1)

const hasPlaces = ({ places }: Claim): boolean => Object.values(places).some((count) => count > 0)

/** Is any limit set for these kinds, or for any tenant? Then {@link leaseLimitedJobs} has something to do. */
export async function hasLimits(db: Db, kinds: readonly string[]): Promise<boolean> {
  const [row] = await db.execute<{ found: boolean }>(sql`/* system: has-limits */
    select exists (select from job_kinds where running_max is not null and kind = any(string_to_array(${kinds.join(',')}, ',')))
      or exists (select from job_tenant_limits) as found`)
  return row?.found ?? false
}

export type Recovery = {
  tenantId: string
  id: string
  ending: 'queued' | 'dead' | 'cancelled'
  code: 'lease_lost' | 'timeout'
}

/**
 * Takes back jobs whose worker has not been heard of for a whole lease, or that ran longer than they may: queued
 * again in their old place, or ended when the attempts are used up or a cancel was asked for. Leases still alive are never looked at,
 * however many there are.
 */
export async function recoverExpiredLeases(db: Db, limit: number): Promise<Recovery[]> {
  const code = sql`case when leased_at + run_ms_max * interval '1 millisecond' <= lease_expires_at
    then 'timeout' else 'lease_lost' end`
  const error = sql`jsonb_build_object('attempt', attempts, 'code', ${code},
    'at', to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'message', case ${code} when 'timeout' then 'The attempt took longer than it may.'
      else 'The worker stopped without a word.' end)`
  const rows = await db.execute<Recovery>(sql`
    /* system: recover-expired-leases */
    with expired as materialized (
      select ctid as tid, tenant_id, id, leased_at, leased_by, attempts as attempt, ${code} as code,
        cancel_requested_at is null and attempts < attempts_max as again from jobs
      where status = 'running' and lease_expires_at < statement_timestamp()
      order by lease_expires_at limit ${limit} for update skip locked
    ), requeued as (
      update jobs j set status = 'queued', lease_token = null, version = j.version + 1,
        lease_expires_at = null, errors = j.errors || ${error}, dedupe_key = null
      where j.ctid = any(array(select tid from expired where again))
      returning j.tenant_id, j.id
    ), again as (
      select expired.* from expired join requeued using (tenant_id, id)
    ), started as (${startedEvents(sql`again`)}
    ), lost as (
      ${appendEvents({
        from: sql`again`,
        type: sql`e.code`,
        data: sql`jsonb_build_object('attempt', e.attempt, 'worker', e.leased_by)`,
      })}
    ), gone as (
      delete from jobs j where j.ctid = any(array(select tid from expired where not again))
      returning j.*, ${error} as attempt_error
    ), ${endJobs({
      status: sql`case when cancel_requested_at is null then 'dead' else 'cancelled' end`,
      error: sql`attempt_error`,
      result: sql`null::jsonb`,
      mayFail: true,
    })}
    select tenant_id as "tenantId", id, 'queued' as ending, code from again
    union all select e.tenant_id, e.id, e.ending, x.code from ended e join expired x using (tenant_id, id)`)
  return [...rows]
}

/**
 * Queues the jobs whose time has come, and cancels those that wait for one that did not complete.
 * @returns how many were queued, so that somebody may be rung, and how many rows were looked at
 */
export async function promoteDueJobs(
  db: Db,
  limit: number,
): Promise<{ queued: number; seen: number }> {
  const error = sql`jsonb_build_object('attempt', attempts, 'code', 'dependency_failed',
    'at', to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'message', 'A job that it waited for did not complete.')`
  const [row] = await db.execute<{ queued: number; seen: number }>(sql`
    /* system: promote-due-jobs */
    with due as materialized (
      select ctid as tid, dependency_failed from jobs
      where status = 'waiting' and dependencies_open = 0 and run_at <= statement_timestamp()
      order by run_at limit ${limit} for update skip locked
    ), queued as (
      update jobs j set status = 'queued', version = j.version + 1
      where j.ctid = any(array(select tid from due where not dependency_failed))
      returning j.id
    ), gone as (
      delete from jobs j where j.ctid = any(array(select tid from due where dependency_failed))
      returning j.*
    ), ${endJobs({ status: sql`'cancelled'`, error, result: sql`null::jsonb` })}
    select (select count(*)::int from queued) as queued, (select count(*)::int from due) as seen`)
  return row ?? { queued: 0, seen: 0 }
}

/**
 * Tells those that wait for ended jobs: the last of them that completes makes a job queued. Where one had to complete
 * and did not, who waits is marked and due, and {@link promoteDueJobs} cancels it, and so on to who waits for that.
 * @returns how many endings were told
 */
export async function releaseDependents(db: Db, limit: number): Promise<number> {
  return db.transaction(async (tx) => {
    const [row] = await tx.execute<{ told: number; freed: Freed }>(tellEndings(limit))
    if (row && Object.keys(row.freed).length > 0) await tx.execute(unblock(row.freed))
    return row?.told ?? 0
  })
}

/** By tenant and id of who waits: for how many fewer, and whether one of them had to complete and did not. */
type Freed = Record<string, [count: number, isBroken: boolean]>

/**
 * Deletes endings and what waited for them, and locks those who did, in the order of their ids: several hosts may tell one
 * of different endings. What they change comes in a statement of its own, which sees what the others have left.
 */
const tellEndings = (limit: number): SQL => sql`
    /* system: tell-endings */
    with told as materialized (
      delete from job_endings where ctid = any(array(
        select ctid from job_endings limit ${limit} for update skip locked))
      returning tenant_id, id, status
    ), freed as (
      delete from job_dependencies where ctid = any(array(
        select d.tid from told t cross join lateral (select q.ctid as tid from job_dependencies q
          where q.tenant_id = t.tenant_id and q.depends_on_id = t.id offset 0) d))
      returning tenant_id, job_id, depends_on_id, on_failure
    ), summed as materialized (
      select f.tenant_id, f.job_id, count(*)::int as count,
        bool_or(t.status <> 'completed' and f.on_failure = 'cancel') as is_broken
      from freed f join told t on t.tenant_id = f.tenant_id and t.id = f.depends_on_id
      group by f.tenant_id, f.job_id order by f.tenant_id, f.job_id
    ), locked as materialized (
      select s.* from summed s cross join lateral (select from jobs q
        where q.tenant_id = s.tenant_id and q.id = s.job_id for update) j
    )
    select (select count(*)::int from told) as told, coalesce((select jsonb_object_agg(
      tenant_id || '/' || job_id, jsonb_build_array(count, is_broken)) from locked), '{}') as freed`

const ownEntry = sql`((select by_key from freed)->(j.tenant_id || '/' || j.id))`
const count = sql`(${ownEntry}->>0)::int`
const isBroken = sql`(${ownEntry}->>1)::boolean`

// Each is looked up by its key and then taken by its place: no plan can read the whole table.
function unblock(freed: Freed): SQL {
  const keys = Object.keys(freed).map((key) => key.split('/'))
  const tenantIds = `{${keys.map(([tenantId]) => tenantId).join(',')}}`
  const ids = `{${keys.map(([, id]) => id).join(',')}}`
  return sql`
    with freed as materialized (select ${JSON.stringify(freed)}::jsonb as by_key)
    update jobs j set version = j.version + 1,
      dependencies_open = case when ${isBroken} then 0 else greatest(0, j.dependencies_open - ${count}) end,
      dependency_failed = j.dependency_failed or ${isBroken},
      run_at = case when ${isBroken} then least(j.run_at, clock_timestamp()) else j.run_at end,
      status = case when j.dependencies_open = ${count} and not (j.dependency_failed or ${isBroken})
        and j.run_at <= clock_timestamp() then 'queued' else 'waiting' end
    where j.ctid = any(array(
        select (select q.ctid from jobs q where q.tenant_id = f.tenant_id and q.id = f.id)
        from unnest(${tenantIds}::uuid[], ${ids}::uuid[]) as f(tenant_id, id)))
      and case when j.tenant_id = any(${tenantIds}::uuid[]) then j.status = 'waiting' end`
}
