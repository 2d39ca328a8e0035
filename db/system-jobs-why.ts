/** What decides whether a job may begin: of its own, of its lane, and of those who share places with it. */
import { type SQL, sql } from 'drizzle-orm'
import type { Db } from './client.ts'
import type { DependencyPolicy, JobStatus } from './schema/jobs.ts'

/** Jobs ahead that are counted at most, in the job's own lane and in all others together. */
export const aheadCountedMax = 10_000
const lanesMax = 64
const dependenciesListedMax = 20
// Ended jobs of the tenant among which those of the kind are looked for.
const historyRowsMax = 200
// A worker's mean over so many attempts is as good as one over more.
const weightMax = 100

/** Times are texts that `Date` reads. */
export type WaitingJob = {
  kind: string
  userId: string | null
  status: JobStatus
  runAt: string
  attempts: number
  attemptsMax: number
  leasedAt: string | null
  leasedBy: string | null
  heartbeatAt: string | null
  leaseExpiresAt: string | null
  finishedAt: string | null
  isCancelRequested: boolean
  isDue: boolean // could begin now, for all that it knows itself
  isEarly: boolean // its time has not come
  dependenciesOpen: number
  isDependencyFailed: boolean // it will be cancelled
  lastError: { attempt: number; at: string; code: string; message: string } | null
}
export type LaneSettings = { runningMax: number | null; pausedAt: string | null }
export type Dependency = {
  id: string
  kind: string | null // null: it is gone from history
  status: JobStatus | null
  leasedAt: string | null
  onFailure: DependencyPolicy
}
/** What the live workers that serve this tenant have for one kind. */
export type Supply = { workers: number; places: number; free: number; meanMs: number | null }

export type WaitFacts = {
  at: string // by the database's clock
  job: WaitingJob
  kindSettings: LaneSettings | null // of the kind, for all tenants
  tenantSettings: LaneSettings | null // of the tenant, for all kinds
  laneSettings: LaneSettings | null // of both
  running: { ofKind: number; ofTenant: number; ofLane: number }
  runningKinds: Record<string, number> // of the tenant
  liveLeases: number // in this lane
  supply: Record<string, Supply> // by kind
  lastSeenAt: string | null // of a worker for this kind that is silent now
  historyMeanMs: number | null // of the tenant's own latest jobs of this kind
  dependencies: Dependency[]
  ahead: number // in the lane
  aheadElsewhere: number // in lanes of other tenants, that will have their turn before it
}

/**
 * Everything that `why` needs, in one statement: what it says held together at one moment. What is bounded is counted
 * up to its bound. `null`: there is no such job.
 */
export async function readWaitFacts(
  db: Db,
  { tenantId, id }: { tenantId: string; id: string },
): Promise<WaitFacts | null> {
  const [row] = await db.execute<WaitFacts>(sql`
    /* system: read-wait-facts */
    with recursive asked as materialized (${askedJob(tenantId, id)}), ${runningNow}, ${supplied},
    ${position}
    select to_jsonb(a.at)#>>'{}' as at, ${jobFacts} as job,
      (select jsonb_build_object('runningMax', k.running_max, 'pausedAt', k.paused_at)
        from job_kinds k where k.kind = a.kind) as "kindSettings",
      ${settingsOf(sql`'*'`)} as "tenantSettings", ${settingsOf(sql`a.kind`)} as "laneSettings",
      (select jsonb_build_object('ofKind', coalesce(sum(count) filter (where r.kind = a.kind), 0),
        'ofTenant', coalesce(sum(count) filter (where r.tenant_id = a.tenant_id), 0),
        'ofLane', coalesce(sum(count) filter (where r.kind = a.kind and r.tenant_id = a.tenant_id), 0))
        from running r) as running,
      (select coalesce(jsonb_object_agg(kind, count), '{}') from (
        select r.kind, sum(r.count) as count from running r where r.tenant_id = a.tenant_id
        group by r.kind) of_kind) as "runningKinds",
      (select coalesce(sum(live), 0)::int from running r
        where r.kind = a.kind and r.tenant_id = a.tenant_id) as "liveLeases",
      (select coalesce(jsonb_object_agg(kind, jsonb_build_object('workers', workers, 'places', places,
        'free', free, 'meanMs', mean_ms)), '{}') from supply) as supply,
      (select to_jsonb(max(w.seen_at))#>>'{}' from job_workers w where w.alive_until <= a.at
        and (w.tenant_id is null or w.tenant_id = a.tenant_id) and w.kinds ? a.kind) as "lastSeenAt",
      ${historyMean} as "historyMeanMs", ${listedDependencies} as dependencies,
      lane.ahead, (select count(*)::int from elsewhere) as "aheadElsewhere"
    from asked a cross join lane`)
  return row ?? null
}

function askedJob(tenantId: string, id: string): SQL {
  const columns = sql`tenant_id, id, kind, user_id, status, priority, run_at, attempts, attempts_max,
    leased_at, leased_by, errors->-1 as last_error`
  return sql`
    select job.*, now.at, status in ('queued', 'waiting') as is_waiting, status = 'queued' or (status = 'waiting'
      and dependencies_open = 0 and not dependency_failed and run_at <= now.at) as is_due
    from (
      select ${columns}, heartbeat_at, lease_expires_at, null::timestamptz as finished_at,
        cancel_requested_at is not null as is_cancel_requested, dependencies_open, dependency_failed
      from jobs where tenant_id = ${tenantId} and id = ${id}
      union all
      select ${columns}, null, null, finished_at, false, 0, false
      from job_history where tenant_id = ${tenantId} and id = ${id}
    ) job cross join (select clock_timestamp() as at) now`
}

const jobFacts = sql`jsonb_build_object('kind', a.kind, 'userId', a.user_id, 'status', a.status,
      'runAt', a.run_at, 'attempts', a.attempts, 'attemptsMax', a.attempts_max, 'leasedAt', a.leased_at,
      'leasedBy', a.leased_by, 'heartbeatAt', a.heartbeat_at, 'leaseExpiresAt', a.lease_expires_at,
      'finishedAt', a.finished_at, 'isCancelRequested', a.is_cancel_requested, 'isDue', a.is_due, 'isEarly', a.run_at > a.at,
      'dependenciesOpen', a.dependencies_open, 'isDependencyFailed', a.dependency_failed,
      'lastError', a.last_error)`

const settingsOf = (kind: SQL): SQL => sql`
      (select jsonb_build_object('runningMax', t.running_max, 'pausedAt', t.paused_at)
        from job_tenant_limits t where t.tenant_id = a.tenant_id and t.kind = ${kind})`

const runningNow = sql`running as materialized (
      select kind, tenant_id, leased_by, count(*)::int as count,
        (count(*) filter (where lease_expires_at > clock_timestamp()))::int as live
      from jobs where status = 'running' and (select is_waiting from asked)
      group by kind, tenant_id, leased_by
    )`

/** A worker over HTTP does not say what it runs: what it has leased by its name takes its places. */
const supplied = sql`told as (
      select w.name, s.key as kind, (s.value->>'places')::int as places, (s.value->>'free')::int as free,
        least((s.value->>'finished')::bigint, ${weightMax}) as weight, (s.value->>'mean_ms')::float8 as mean_ms
      from asked a join job_workers w on w.alive_until > a.at and (w.tenant_id is null or w.tenant_id = a.tenant_id)
        cross join lateral jsonb_each(w.kinds) s
      where a.is_waiting
    ), supply as materialized (
      select t.kind, count(*)::int as workers, sum(places)::int as places,
        sum(greatest(0, least(free, places - coalesce(taken.count, 0))))::int as free,
        sum(mean_ms * weight) / nullif(sum(weight), 0) as mean_ms
      from told t left join (select kind, leased_by, sum(count) as count from running group by kind, leased_by) taken
        on taken.kind = t.kind and taken.leased_by = t.name
      group by t.kind
    )`

/** Each half of what is ahead is one range of the claim's index, so that counting stops at its end. */
const position = sql`lane as materialized (
      select (select count(*)::int from (
        (select from jobs q where a.is_due and q.status = 'queued' and q.kind = a.kind
          and q.tenant_id = a.tenant_id and q.priority > a.priority limit ${aheadCountedMax})
        union all
        (select from jobs q where a.is_due and q.status = 'queued' and q.kind = a.kind
          and q.tenant_id = a.tenant_id and q.priority = a.priority
          and (q.run_at, q.id) < (a.run_at, a.id) limit ${aheadCountedMax})
        limit ${aheadCountedMax}) counted) as ahead
      from asked a
    ), lanes as (
      select first.tenant_id, 1 as number from asked a cross join lateral (
        select q.tenant_id from jobs q where a.is_due and q.status = 'queued' and q.kind = a.kind
        order by q.tenant_id limit 1) first
      union all
      select next.tenant_id, l.number + 1 from lanes l cross join asked a cross join lateral (
        select q.tenant_id from jobs q
        where q.status = 'queued' and q.kind = a.kind and q.tenant_id > l.tenant_id
        order by q.tenant_id limit 1) next
      where l.number < ${lanesMax}
    ), elsewhere as (
      select from asked a cross join lane cross join lanes l cross join lateral (
        select from jobs q where q.status = 'queued' and q.kind = a.kind and q.tenant_id = l.tenant_id
        limit lane.ahead + 1) served
      where l.tenant_id <> a.tenant_id and not exists (select from job_tenant_limits t
        where t.tenant_id = l.tenant_id and t.kind in (a.kind, '*') and t.paused_at is not null)
      limit ${aheadCountedMax}
    )`

const historyMean = sql`(select avg(extract(epoch from h.finished_at - h.leased_at) * 1000)::float8 from (
        select i.kind, i.status, i.leased_at, i.finished_at from job_history i
        where i.tenant_id = a.tenant_id and a.is_waiting order by i.id desc limit ${historyRowsMax}) h
      where h.kind = a.kind and h.status = 'completed')`

const listedDependencies = sql`(select coalesce(jsonb_agg(jsonb_build_object('id', d.depends_on_id, 'kind', d.kind,
        'status', d.status, 'leasedAt', d.leased_at, 'onFailure', d.on_failure) order by d.depends_on_id), '[]') from (
        select n.depends_on_id, n.on_failure, coalesce(o.kind, h.kind) as kind,
          coalesce(o.status, h.status) as status, o.leased_at
        from job_dependencies n
        left join jobs o on o.tenant_id = n.tenant_id and o.id = n.depends_on_id
        -- With a limit it is looked up by its key, whatever the plan takes history to be.
        left join lateral (select i.kind, i.status from job_history i
          where i.tenant_id = n.tenant_id and i.id = n.depends_on_id limit 1) h on true
        where n.tenant_id = a.tenant_id and n.job_id = a.id
        -- One that did not complete decides, so it is always among those listed.
        order by (h.status is null or h.status = 'completed'), n.depends_on_id
        limit ${dependenciesListedMax}) d)`
