/** The jobs that an operator looks at, of all tenants or of one. Every reading of history has a bound. */
import { type SQL, sql } from 'drizzle-orm'
import type { Db } from './client.ts'
import { moment, ofTenant, type Raw, time } from './raw-rows.ts'
import type { JobStatus } from './schema/jobs.ts'

/** Ended jobs that are looked at for those of a kind: the newest of each tenant, as many of each, and at least some. */
const historyRowsMax = 500_000
const historyRowsOfTenantMin = 100

/** One job, open or ended, in a line. */
export type JobOverview = {
  tenantId: string
  tenantName: string
  id: string
  kind: string
  status: JobStatus
  attempts: number
  attemptsMax: number
  createdAt: Date
  runAt: Date
  leasedAt: Date | null
  leasedBy: string | null
  finishedAt: Date | null // null: it has not ended
  dependenciesOpen: number
  progressDone: number
  progressTotal: number | null
  errorCode: string | null // of its latest error
  isPaused: boolean // queued, and its kind or its tenant is paused
}

/** `null` takes all. */
export type JobFilter = {
  tenantId: string | null
  status: JobStatus | null
  kind: string | null
  limit: number
}

const overviewColumns = (
  job: SQL,
  own: SQL,
): SQL => sql`${job}.tenant_id, ${job}.id, ${job}.kind, ${job}.status,
  ${job}.attempts, ${job}.attempts_max, ${job}.created_at, ${job}.run_at, ${job}.leased_at, ${job}.leased_by,
  ${own}, ${job}.progress_done, ${job}.progress_total, ${job}.errors->-1->>'code' as error_code`
const openColumns = overviewColumns(
  sql`j`,
  sql`null::timestamptz as finished_at, j.dependencies_open`,
)
const endedColumns = overviewColumns(sql`h`, sql`h.finished_at, 0 as dependencies_open`)

const overviewOf = (
  rows: SQL,
): SQL => sql`select v.tenant_id as "tenantId", t.name as "tenantName", v.id, v.kind,
    v.status, v.attempts, v.attempts_max as "attemptsMax", v.created_at as "createdAt", v.run_at as "runAt",
    v.leased_at as "leasedAt", v.leased_by as "leasedBy", v.finished_at as "finishedAt",
    v.dependencies_open as "dependenciesOpen", v.progress_done as "progressDone",
    v.progress_total as "progressTotal", v.error_code as "errorCode",
    v.status = 'queued' and (
      exists (select from job_kinds k where k.kind = v.kind and k.paused_at is not null)
      or exists (select from job_tenant_limits l where l.tenant_id = v.tenant_id
        and l.kind in (v.kind, '*') and l.paused_at is not null)) as "isPaused"
  from (${rows}) v join tenants t on t.id = v.tenant_id`

const ofKind = (column: SQL, kind: string | null): SQL =>
  sql`(${kind}::text is null or ${column} = ${kind}::text)`

const openStatuses: readonly JobStatus[] = ['queued', 'waiting', 'running']

/** Newest first, by the time of their enqueue. With a kind, ended ones among the newest 500,000, each tenant's share. */
export async function listAllJobs(db: Db, filter: JobFilter): Promise<JobOverview[]> {
  const { tenantId, status, kind, limit } = filter
  const isOpen = status === null ? null : openStatuses.includes(status)
  const openMax = isOpen === false ? 0 : limit
  const endedMax = isOpen === true ? 0 : limit
  const share = sql`${historyRowsMax}::int
    / greatest(1, (select count(*) from tenants c where ${ofTenant(sql`c.id`, tenantId)}))`
  const lookedAtMax = sql`case when ${kind}::text is null then ${endedMax}::int
    else greatest(${historyRowsOfTenantMin}::int, ${share}) end`
  const rows = await db.execute<Raw<JobOverview>>(sql`
    /* system: list-all-jobs */
    ${overviewOf(sql`
      (select ${openColumns} from jobs j
        where ${ofTenant(sql`j.tenant_id`, tenantId)} and ${ofKind(sql`j.kind`, kind)}
          and (${status}::text is null or j.status = ${status}::text)
        order by j.id desc limit ${openMax})
      union all
      (select e.* from tenants o cross join lateral (
          select ${endedColumns} from (
            select * from job_history i
            where i.tenant_id = o.id and (${status}::text is null or i.status = ${status}::text)
            order by i.id desc limit ${lookedAtMax}
          ) h where ${ofKind(sql`h.kind`, kind)} order by h.id desc limit ${endedMax}) e
        where ${ofTenant(sql`o.id`, tenantId)} order by e.id desc limit ${endedMax})`)}
    order by v.id desc limit ${limit}`)
  return [...rows].map(withTimes)
}

/** The jobs with this id: one, or none; two only if tenants chose the same id. */
export async function findJobAnywhere(
  db: Db,
  { tenantId, id }: { tenantId: string | null; id: string },
): Promise<JobOverview[]> {
  const rows = await db.execute<Raw<JobOverview>>(sql`
    /* system: find-job-anywhere */
    ${overviewOf(sql`
      select e.* from tenants o cross join lateral (
        select ${openColumns} from jobs j where j.tenant_id = o.id and j.id = ${id}::uuid
        union all
        select ${endedColumns} from job_history h where h.tenant_id = o.id and h.id = ${id}::uuid) e
      where ${ofTenant(sql`o.id`, tenantId)}`)}`)
  return [...rows].map(withTimes)
}

/** What runs, the longest first. */
export async function listRunningJobs(
  db: Db,
  { tenantId, limit }: { tenantId: string | null; limit: number },
): Promise<JobOverview[]> {
  const rows = await db.execute<Raw<JobOverview>>(sql`
    /* system: list-running-jobs */
    ${overviewOf(sql`select ${openColumns} from jobs j
      where j.status = 'running' and ${ofTenant(sql`j.tenant_id`, tenantId)}
      order by j.leased_at limit ${limit}`)}
    order by v.leased_at`)
  return [...rows].map(withTimes)
}

/** The latest that ended dead or failed, of those thousand that were queued last. */
export async function listRecentFailures(
  db: Db,
  { tenantId, limit }: { tenantId: string | null; limit: number },
): Promise<JobOverview[]> {
  const rows = await db.execute<Raw<JobOverview>>(sql`
    /* system: list-recent-failures */
    with newest as materialized (
      select i.tenant_id, i.id from job_history i
      where i.status in ('dead', 'failed') and i.status <> 'completed'
        and ${ofTenant(sql`i.tenant_id`, tenantId)}
      order by i.id desc limit 1000
    )
    ${overviewOf(sql`select ${endedColumns} from newest n
      join job_history h on h.tenant_id = n.tenant_id and h.id = n.id
      order by h.finished_at desc limit ${limit}`)}
    order by v.finished_at desc`)
  return [...rows].map(withTimes)
}

/** Tenants that have ended jobs of a status other than `completed`. */
export async function listTenantsWithEnded(
  db: Db,
  { tenantId, status }: { tenantId: string | null; status: JobStatus },
): Promise<{ id: string; name: string }[]> {
  const rows = await db.execute<{ id: string; name: string }>(sql`
    /* system: list-tenants-with-ended */
    select o.id, o.name from tenants o
    where ${ofTenant(sql`o.id`, tenantId)} and exists (select from job_history h
      where h.tenant_id = o.id and h.status = ${status}::text and h.status <> 'completed')
    order by o.id`)
  return [...rows]
}

function withTimes(row: Raw<JobOverview>): JobOverview {
  return {
    ...row,
    createdAt: time(row.createdAt),
    runAt: time(row.runAt),
    leasedAt: moment(row.leasedAt),
    finishedAt: moment(row.finishedAt),
  }
}
