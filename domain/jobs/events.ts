import { type SQL, sql } from 'drizzle-orm'
import type { Db, Tx } from '../../db/client.ts'
import { appendEvents, eventId } from '../../db/run-events.ts'

/** Something that happened in a run: a change of state, a log line, a step, a check. */
export type RunEventRow = {
  id: string // UUIDv7; events of one run sort by it as they happened
  type: string
  data: Record<string, unknown>
  createdAt: Date
}

type ListRunEvents = {
  tenantId: string
  jobId: string
  after: string // id of an event, or the smallest UUID
  limit: number
}

/** In order. Enqueue, latest start and end are read from the job's own row, the rest from `run_events`. */
export async function listRunEvents(
  db: Db | Tx,
  { tenantId, jobId, after, limit }: ListRunEvents,
): Promise<RunEventRow[]> {
  const rows = await db.execute<Omit<RunEventRow, 'createdAt'> & { createdAt: string }>(sql`
    with stored as (
      select id, type, data, created_at from run_events
      where tenant_id = ${tenantId} and job_id = ${jobId} and id > ${after} order by id limit ${limit}
    ), story as (
      select * from stored
      union all
      select * from (${ownEvents(tenantId, jobId)}) own
      where id > ${after} and not exists (select from run_events r
        where r.tenant_id = ${tenantId} and r.id = own.id)
    )
    select id, type, data, created_at as "createdAt" from story order by id limit ${limit}`)
  return [...rows].map((row) => ({ ...row, createdAt: new Date(row.createdAt) }))
}

function ownEvents(tenantId: string, jobId: string): SQL {
  const columns = sql`id, kind, status, attempts, errors, leased_at, leased_by, created_at`
  return sql`
    select ${eventId(sql`at`, sql`uuid_send(j.id)`)} as id, e.type, jsonb_strip_nulls(e.data) as data, e.at as created_at
    from (
      select ${columns}, null::timestamptz as finished_at from jobs
      where tenant_id = ${tenantId} and id = ${jobId}
      union all
      select ${columns}, finished_at from job_history where tenant_id = ${tenantId} and id = ${jobId}
    ) j cross join lateral (values
      ('enqueued', jsonb_build_object('kind', j.kind), j.created_at),
      ('started', jsonb_build_object('attempt', j.attempts, 'worker', j.leased_by), j.leased_at),
      (j.status, ${endingData(sql`j`)}, j.finished_at)
    ) e(type, data, at)
    where e.at is not null`
}

/** What the event of an end tells, nulls left out. @param job alias of a row of `job_history` */
export const endingData = (job: SQL): SQL => sql`jsonb_build_object('attempt', ${job}.attempts,
        'code', case when ${job}.status in ('failed', 'dead') then ${job}.errors->-1->>'code' end,
        'message', case when ${job}.status in ('failed', 'dead') then ${job}.errors->-1->>'message' end)`

/** Appends a line to the story of a run. */
export async function appendRunEvent(
  db: Tx | Db,
  event: { tenantId: string; jobId: string; type: string; data?: Record<string, unknown> },
): Promise<void> {
  const data = JSON.stringify(event.data ?? {})
  await db.execute(sql`
    with run as (select ${event.tenantId}::uuid as tenant_id, ${event.jobId}::uuid as id)
    ${appendEvents({ from: sql`run`, type: sql`${event.type}::text`, data: sql`${data}::jsonb` })}`)
}
