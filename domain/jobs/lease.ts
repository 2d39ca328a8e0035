import { sql } from 'drizzle-orm'
import type { Db, Tx } from '../../db/client.ts'
import { appendEvents, endJobs } from '../../db/run-ending.ts'
import { LeaseLost } from './outcome.ts'

/** What proves that an attempt still owns its job. */
export type Lease = { tenantId: string; id: string; leaseToken: string }

// The one fence: every write of an attempt stands behind these three together.
const held = ({ tenantId, id, leaseToken }: Lease) =>
  sql`tenant_id = ${tenantId} and id = ${id} and status = 'running' and lease_token = ${leaseToken}`

export type Progress = { done: number; total: number }

/**
 * Opens a fenced transaction: locks the job's row until commit, so that nobody can take the job over in between.
 * Call it first in every transaction in which an attempt writes. Progress never falls.
 * @returns whether somebody has asked for the end of this job
 * @throws {LeaseLost}
 */
export async function holdLease(tx: Tx, lease: Lease, progress?: Progress): Promise<boolean> {
  const [row] = await tx.execute<{ cancel: boolean }>(sql`
    update jobs set version = version + ${progress ? 1 : 0}::int,
      progress_done = greatest(progress_done, ${progress?.done ?? 0}::int),
      progress_total = coalesce(${progress?.total ?? null}::int, progress_total)
    where ${held(lease)}
    returning cancel_requested_at is not null as cancel`)
  if (!row) throw new LeaseLost(lease.id)
  return row.cancel
}

/**
 * Prolongs the lease from now, by the database's clock.
 * @returns `lost`; or whether somebody has asked for the end of this job
 */
export async function heartbeatJob(
  db: Db,
  lease: Lease,
  leaseMs: number,
): Promise<'held' | 'cancel_requested' | 'lost'> {
  const [row] = await db.execute<{ cancel: boolean }>(sql`
    update jobs set heartbeat_at = clock_timestamp(),
      lease_expires_at = clock_timestamp() + ${leaseMs}::int * interval '1 millisecond'
    where ${held(lease)}
    returning cancel_requested_at is not null as cancel`)
  if (!row) return 'lost'
  return row.cancel ? 'cancel_requested' : 'held'
}

/**
 * Moves the job to history as completed. Run it in the transaction of the job's effect, before the effect.
 * @throws {LeaseLost}
 */
export async function completeJob(
  tx: Tx,
  lease: Lease,
  result: Record<string, unknown> | null = null,
): Promise<void> {
  const json = result === null ? null : JSON.stringify(result)
  await end(tx, lease, { status: 'completed', error: null, result: json })
}

/** Ends a running job as its attempt was told to. @throws {LeaseLost} */
export async function endCancelledJob(db: Db, lease: Lease): Promise<void> {
  await end(db, lease, { status: 'cancelled', error: null, result: null })
}

type Ending = {
  status: 'completed' | 'failed' | 'dead' | 'cancelled'
  error: string | null
  result: string | null
}

/** @returns the status: `cancelled` instead of `dead` when somebody has asked for the end */
async function end(db: Db | Tx, lease: Lease, { status, error, result }: Ending) {
  const ending = sql`case when ${status}::text = 'dead' and cancel_requested_at is not null
    then 'cancelled' else ${status}::text end`
  const [row] = await db.execute<{ ending: Ending['status'] }>(sql`
    with gone as (delete from jobs where ${held(lease)} returning *),
    ${endJobs(ending, failure(error), sql`${result}::jsonb`)}
    select ending from ended`)
  if (!row) throw new LeaseLost(lease.id)
  return row.ending
}

/** `error` is JSON of code and message; attempt and time are the database's. */
function failure(error: string | null) {
  return sql`case when ${error}::jsonb is null then null else ${error}::jsonb || jsonb_build_object(
    'attempt', attempts,
    'at', to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) end`
}

export type JobFault = {
  code: string
  message: string // may be shown to the user
  isFinal: boolean // trying again cannot help
}

/**
 * Records a failed attempt: queued again after `retryMs`, `failed` when the fault is final, `dead` when no attempt
 * is left, `cancelled` instead of another attempt when somebody has asked for the end. Every error is kept.
 * @throws {LeaseLost}
 */
export async function failJob(
  db: Db,
  lease: Lease,
  { fault, retryMs }: { fault: JobFault; retryMs: number },
): Promise<'queued' | Ending['status']> {
  const { code, message, isFinal } = fault
  const error = JSON.stringify({ code, message })
  if (isFinal) return end(db, lease, { status: 'failed', error, result: null })
  const retried = await db.execute(sql`
    with retried as (
      update jobs set status = 'queued', version = version + 1, errors = errors || ${failure(error)},
        run_at = clock_timestamp() + ${retryMs}::int * interval '1 millisecond',
        lease_token = null, leased_by = null, lease_expires_at = null, dedupe_key = null
      where ${held(lease)} and attempts < attempts_max and cancel_requested_at is null
      returning tenant_id, id, attempts
    ), event as (
      ${appendEvents(sql`retried`, sql`'retried'`, sql`jsonb_build_object('attempt', e.attempts, 'code', ${code}::text, 'wait_ms', ${retryMs}::int)`)}
    )
    select id from retried`)
  if (retried.length > 0) return 'queued'
  return end(db, lease, { status: 'dead', error, result: null })
}

/** Gives a job back unharmed, because this worker has to stop: the attempt does not count. */
export async function releaseJob(db: Db, lease: Lease): Promise<boolean> {
  const rows = await db.execute(sql`
    with released as (
      update jobs set status = 'queued', attempts = attempts - 1, version = version + 1,
        run_at = clock_timestamp(), lease_token = null, leased_by = null, lease_expires_at = null,
        dedupe_key = null
      where ${held(lease)}
      returning tenant_id, id, attempts
    ), event as (
      ${appendEvents(sql`released`, sql`'released'`, sql`jsonb_build_object('attempt', e.attempts + 1)`)}
    )
    select id from released`)
  return rows.length > 0
}

/** Removes an order from the payload that must be carried out once, whoever goes on later. @throws {LeaseLost} */
export async function dropFromPayload(tx: Tx, lease: Lease, name: string): Promise<void> {
  const rows = await tx.execute(sql`
    update jobs set payload = payload - ${name}::text where ${held(lease)} returning id`)
  if (rows.length === 0) throw new LeaseLost(lease.id)
}
