import { sql } from 'drizzle-orm'
import type { Db, Tx } from '../../db/client.ts'
import { appendEvents, endJobs } from '../../db/run-ending.ts'

export type NewJob = {
  tenantId: string
  id: string // UUIDv7
  kind: string
  subjectId?: string
  userId?: string
  payload?: Record<string, unknown>
  priority?: number // larger first, default 0
  delayMs?: number // from now by the database's clock, default 0
  attemptsMax?: number // default 5
  /** At most one job of this kind and key waits to begin. One that has begun gives it up: another may wait already. */
  dedupeKey?: string
  requestId?: string
}

/** The channel that wakes workers. A doorbell: what there is to do is read from the table. */
export const jobsChannel = 'octavo_jobs'

/**
 * Queues a job inside the caller's transaction: it exists if and only if that commits. Call {@link ringWorkers}
 * after the commit; a worker that does not hear it looks by itself within a quarter of a second.
 * @returns the id of the job that will run: with a `dedupeKey`, perhaps of one that waits already
 */
export async function enqueueJob(tx: Tx, job: NewJob): Promise<string> {
  const inserted = await tx.execute<{ id: string }>(sql`
    with added as (
      insert into jobs (tenant_id, id, kind, subject_id, user_id, payload, status, priority, run_at,
        attempts_max, dedupe_key, request_id)
      values (${job.tenantId}, ${job.id}, ${job.kind}, ${job.subjectId ?? null}, ${job.userId ?? null},
        ${JSON.stringify(job.payload ?? {})}::jsonb, 'queued', ${job.priority ?? 0},
        clock_timestamp() + ${job.delayMs ?? 0}::int * interval '1 millisecond',
        ${job.attemptsMax ?? 5}, ${job.dedupeKey ?? null}, ${job.requestId ?? null})
      on conflict (tenant_id, kind, dedupe_key)
        where dedupe_key is not null and status in ('queued', 'waiting') do nothing
      returning tenant_id, id, kind
    ), event as (
      ${appendEvents(sql`added`, sql`'enqueued'`, sql`jsonb_build_object('kind', e.kind)`)}
    )
    select id from added`)
  return inserted[0]?.id ?? (await waitingJob(tx, job))
}

async function waitingJob(tx: Tx, job: NewJob): Promise<string> {
  const [row] = await tx.execute<{ id: string }>(sql`
    select id from jobs where tenant_id = ${job.tenantId} and kind = ${job.kind}
      and dedupe_key = ${job.dedupeKey ?? null} and status in ('queued', 'waiting')`)
  // It has just been leased, so a new one may be queued behind it.
  return row?.id ?? enqueueJob(tx, job)
}

/** Wakes idle workers. After the commit, not in the transaction: NOTIFY holds a lock of the whole server at commit. */
export async function ringWorkers(db: Db, reason: 'queued' | 'cancel' = 'queued'): Promise<void> {
  await db.execute(sql`select pg_notify(${jobsChannel}, ${reason})`)
}

/**
 * Asks for the end of a job: at once when it has not begun, with its document; a running one is told and ends
 * within about a second ({@link ringWorkers} with `cancel` after the commit makes it sooner).
 * @returns `missing`: there is no such job, or it has ended
 */
export async function cancelJob(
  tx: Tx,
  { tenantId, id }: { tenantId: string; id: string },
): Promise<'cancelled' | 'requested' | 'missing'> {
  // Or its attempt could put it back between the two statements, and neither would find it.
  await tx.execute(sql`select id from jobs where tenant_id = ${tenantId} and id = ${id} for update`)
  const ended = await tx.execute(sql`
    with gone as (
      delete from jobs where tenant_id = ${tenantId} and id = ${id} and status <> 'running' returning *
    ), ${endJobs(sql`'cancelled'`, sql`null::jsonb`, sql`null::jsonb`)}
    select id from ended`)
  if (ended.length > 0) return 'cancelled'
  const asked = await tx.execute(sql`
    with asked as (
      update jobs set cancel_requested_at = coalesce(cancel_requested_at, clock_timestamp()),
        version = version + 1
      where tenant_id = ${tenantId} and id = ${id} and status = 'running'
      returning tenant_id, id
    ), event as (
      ${appendEvents(sql`asked`, sql`'cancel_requested'`, sql`'{}'::jsonb`)}
    )
    select id from asked`)
  return asked.length > 0 ? 'requested' : 'missing'
}

/** Appends a line to the story of a run. */
export async function appendRunEvent(
  tx: Tx | Db,
  event: { tenantId: string; jobId: string; type: string; data?: Record<string, unknown> },
): Promise<void> {
  const data = JSON.stringify(event.data ?? {})
  await tx.execute(sql`
    with run as (select ${event.tenantId}::uuid as tenant_id, ${event.jobId}::uuid as id)
    ${appendEvents(sql`run`, sql`${event.type}::text`, sql`${data}::jsonb`)}`)
}
