import { sql } from 'drizzle-orm'
import type { Db, Tx } from '../../db/client.ts'
import { endJobs, tellCompleted } from '../../db/run-ending.ts'
import { appendEvents, startedEvents } from '../../db/run-events.ts'
import { LeaseLost } from './outcome.ts'

/** What proves that an attempt still owns its job. */
export type Lease = {
  tenantId: string
  id: string
  leaseToken: string
  /** Where its row was when it was leased, and the transaction that wrote it there (`ctid`, `xmin`): a hint. */
  tid?: string
  xmin?: string
}

// The one fence: every write of an attempt stands behind these three together. Only a running job has a token.
export const held = ({ tenantId, id, leaseToken }: Lease) =>
  sql`tenant_id = ${tenantId} and id = ${id} and lease_token = ${leaseToken}`

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

export type HeartbeatState = 'held' | 'cancel_requested' | 'lost'

/** `unsuccessful`: a completed job leaves nothing behind, like a message that was read. */
export type HistoryPolicy = 'all' | 'unsuccessful'

export const heartbeatState = (cancel: boolean): HeartbeatState =>
  cancel ? 'cancel_requested' : 'held'

export async function heartbeatJob(db: Db, lease: Lease, leaseMs: number): Promise<HeartbeatState> {
  const [row] = await db.execute<{ cancel: boolean }>(sql`
    update jobs set heartbeat_at = clock_timestamp(), lease_expires_at = least(
      clock_timestamp() + ${leaseMs}::int * interval '1 millisecond', leased_at + run_ms_max * interval '1 millisecond')
    where ${held(lease)}
    returning cancel_requested_at is not null as cancel`)
  return row ? heartbeatState(row.cancel) : 'lost'
}

/**
 * Moves the job to history as completed. Run it in the transaction of the job's effect, before the effect.
 * @throws {LeaseLost}
 */
export async function completeJob(
  tx: Tx,
  lease: Lease,
  result: Record<string, unknown> | null = null,
  history: HistoryPolicy = 'all',
): Promise<void> {
  if (history === 'unsuccessful') return leaveNothing(tx, lease)
  const json = result === null ? null : JSON.stringify(result)
  await end(tx, lease, { status: 'completed', error: null, result: json })
}

async function leaveNothing(tx: Tx, lease: Lease): Promise<void> {
  const rows = await tx.execute(sql`
    with gone as (delete from jobs where ${held(lease)} returning tenant_id, id, has_dependents),
    ${tellCompleted()}
    select id from gone`)
  if (rows.length === 0) throw new LeaseLost(lease.id)
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
    ${endJobs({
      ...{ status: ending, error: failure(error), result: sql`${result}::jsonb` },
      mayFail: status === 'failed' || status === 'dead',
    })}
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
  step?: string | undefined // of a run, where it failed
}

/**
 * Records a failed attempt: tried again after `retryMs`, `failed` when the fault is final, `dead` when no attempt
 * is left, `cancelled` instead of another attempt when somebody has asked for the end. Every error is kept.
 * @throws {LeaseLost}
 */
export async function failJob(
  db: Db,
  lease: Lease,
  { fault, retryMs }: { fault: JobFault; retryMs: number },
): Promise<'retried' | Ending['status']> {
  const { code, message, isFinal, step } = fault
  const error = JSON.stringify({ code, message, step })
  if (isFinal) return end(db, lease, { status: 'failed', error, result: null })
  const retried = await db.execute(sql`
    with retried as (
      update jobs set status = case when ${retryMs}::int > 0 then 'waiting' else 'queued' end,
        version = version + 1, errors = errors || ${failure(error)},
        run_at = clock_timestamp() + ${retryMs}::int * interval '1 millisecond',
        lease_token = null, lease_expires_at = null, dedupe_key = null
      where ${held(lease)} and attempts < attempts_max and cancel_requested_at is null
      returning tenant_id, id, attempts as attempt, leased_at, leased_by
    ), started as (${startedEvents(sql`retried`)}
    ), event as (
      ${appendEvents({
        from: sql`retried`,
        type: sql`'retried'`,
        data: sql`jsonb_build_object('attempt', e.attempt, 'code', ${code}::text, 'wait_ms', ${retryMs}::int)`,
      })}
    )
    select id from retried`)
  if (retried.length > 0) return 'retried'
  return end(db, lease, { status: 'dead', error, result: null })
}

/**
 * Gives a job back to its old place, because this worker has to stop: the attempt does not count. One whose end somebody has
 * asked for is cancelled instead.
 * @returns `false`: the lease was lost, and nothing was done
 */
export async function releaseJob(db: Db, lease: Lease): Promise<boolean> {
  const rows = await db.execute(sql`
    with released as (
      update jobs set status = 'queued', attempts = attempts - 1, version = version + 1,
        lease_token = null, lease_expires_at = null, dedupe_key = null
      where ${held(lease)} and cancel_requested_at is null
      returning tenant_id, id, attempts + 1 as attempt, leased_at, leased_by
    ), started as (${startedEvents(sql`released`)}
    ), event as (
      ${appendEvents({
        from: sql`released`,
        type: sql`'released'`,
        data: sql`jsonb_build_object('attempt', e.attempt)`,
      })}
    )
    select id from released`)
  if (rows.length > 0) return true
  return endCancelledJob(db, lease).then(
    () => true,
    (err) => {
      if (err instanceof LeaseLost) return false
      throw err
    },
  )
}

/** Removes an order from the payload that must be carried out once, whoever goes on later. @throws {LeaseLost} */
export async function dropFromPayload(tx: Tx, lease: Lease, name: string): Promise<void> {
  const rows = await tx.execute(sql`
    update jobs set payload = payload - ${name}::text where ${held(lease)} returning id`)
  if (rows.length === 0) throw new LeaseLost(lease.id)
}
