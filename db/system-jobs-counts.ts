/** How much there is in the queue and who works on it, of all tenants or of one. */
import { sql } from 'drizzle-orm'
import type { Db } from './client.ts'
import { uuidBound } from './partitions.ts'
import { moment, ofTenant, type Raw, time } from './raw-rows.ts'
import type { JobStatus } from './schema/jobs.ts'
import type { KindStatistics } from './schema/queue.ts'

/** Rows that are counted at most: a look at a large queue takes a part of a second. */
const openCountedMax = 1_000_000
const endedCountedMax = 100_000

/** `oldestAt`: since when one of them could begin (queued), waits (waiting) or runs (running); null for ended ones. */
export type KindCount = { kind: string; status: JobStatus; count: number; oldestAt: Date | null }
/** `isCapped`: there were more than are counted. */
export type KindCounts = { counts: KindCount[]; isCapped: boolean }

export async function countOpenJobs(
  db: Db,
  { tenantId }: { tenantId: string | null },
): Promise<KindCounts> {
  const rows = await db.execute<Raw<KindCount>>(sql`
    /* system: count-open-jobs */
    select kind, status, count(*)::int as count, min(case status when 'queued' then run_at
      when 'running' then leased_at else created_at end) as "oldestAt"
    from (select * from jobs j where ${ofTenant(sql`j.tenant_id`, tenantId)} limit ${openCountedMax}) j
    group by kind, status order by kind, status`)
  const counts = [...rows].map((row) => ({ ...row, oldestAt: moment(row.oldestAt) }))
  return { counts, isCapped: sum(counts) >= openCountedMax }
}

/** All that did not complete, and what completed of the jobs that were queued since `since`. */
export async function countEndedJobs(
  db: Db,
  { tenantId, since }: { tenantId: string | null; since: Date },
): Promise<KindCounts> {
  const rows = await db.execute<Omit<KindCount, 'oldestAt'>>(sql`
    /* system: count-ended-jobs */
    with unsuccessful as (
      select i.kind, i.status from job_history i
      where i.status <> 'completed' and ${ofTenant(sql`i.tenant_id`, tenantId)} limit ${endedCountedMax}
    ), completed as (
      select e.kind, e.status from tenants o cross join lateral (
        select h.kind, h.status from job_history h
        where h.tenant_id = o.id and h.status = 'completed' and h.id >= ${uuidBound(since)}::uuid) e
      where ${ofTenant(sql`o.id`, tenantId)} limit ${endedCountedMax}
    )
    select kind, status, count(*)::int as count
    from (select * from unsuccessful union all select * from completed) c
    group by kind, status order by kind, status`)
  const counts = [...rows].map((row) => ({ ...row, oldestAt: null }))
  const completed = sum(counts.filter(({ status }) => status === 'completed'))
  return { counts, isCapped: Math.max(completed, sum(counts) - completed) >= endedCountedMax }
}

const sum = (counts: readonly { count: number }[]): number =>
  counts.reduce((total, { count }) => total + count, 0)

export type WorkerReport = {
  id: string
  name: string
  kinds: Record<string, KindStatistics>
  startedAt: Date
  seenAt: Date
}

/** Who asks for jobs and has been heard of lately. With a tenant, those that serve it. */
export async function listWorkers(
  db: Db,
  { tenantId }: { tenantId: string | null },
): Promise<WorkerReport[]> {
  const rows = await db.execute<Raw<WorkerReport>>(sql`
    /* system: list-workers */
    select w.id, w.name, w.kinds, w.started_at as "startedAt", w.seen_at as "seenAt" from job_workers w
    where w.alive_until > clock_timestamp() and (w.tenant_id is null or ${ofTenant(sql`w.tenant_id`, tenantId)})
    order by w.name, w.id`)
  return [...rows].map((row) => ({
    ...row,
    startedAt: time(row.startedAt),
    seenAt: time(row.seenAt),
  }))
}

/** Jobs of all tenants that came and that ended, ever; two readings give a rate. Up to a second late. */
export async function readQueueCounters(db: Db): Promise<{ enqueued: number; ended: number }> {
  // Every end leaves the hot table, also of kinds that leave nothing in history.
  const [row] = await db.execute<{ enqueued: string; ended: string }>(sql`
    /* system: read-queue-counters */
    select n_tup_ins as enqueued, n_tup_del as ended
    from pg_stat_user_tables where relid = 'jobs'::regclass`)
  return { enqueued: Number(row?.enqueued ?? 0), ended: Number(row?.ended ?? 0) }
}

/** A setting of a kind for all tenants together (`tenantId` null), or of one tenant. */
export type JobLimit = {
  tenantId: string | null
  tenantName: string | null
  kind: string // of a tenant also `*`: all its kinds together
  runningMax: number | null
  pausedAt: Date | null
}

/** All limits and pauses; with a tenant, its own alone. */
export async function listJobLimits(
  db: Db,
  { tenantId }: { tenantId: string | null },
): Promise<JobLimit[]> {
  const rows = await db.execute<Raw<JobLimit>>(sql`
    /* system: list-job-limits */
    select null as "tenantId", null as "tenantName", k.kind, k.running_max as "runningMax",
      k.paused_at as "pausedAt"
    from job_kinds k where ${tenantId}::uuid is null
    union all
    select l.tenant_id, t.name, l.kind, l.running_max, l.paused_at
    from job_tenant_limits l join tenants t on t.id = l.tenant_id
    where ${ofTenant(sql`l.tenant_id`, tenantId)}
    order by "tenantName" nulls first, kind`)
  return [...rows].map((row) => ({ ...row, pausedAt: moment(row.pausedAt) }))
}
