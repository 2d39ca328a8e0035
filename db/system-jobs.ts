/** The statements of the queue that serve all tenants at once: a worker belongs to none. */
import { sql } from 'drizzle-orm'
import type { Db } from './client.ts'
import { appendEvents, endJobs } from './run-ending.ts'

/** One attempt's right to a job, until `leaseToken` is replaced. */
export type LeasedJob = {
  tenantId: string
  id: string
  leaseToken: string
  kind: string
  subjectId: string | null
  userId: string | null
  requestId: string | null
  payload: Record<string, unknown>
  attempts: number // this one included
  attemptsMax: number
}

export type LeaseRequest = {
  worker: string // name for people: host and pid
  kinds: readonly string[]
  limit: number
  leaseMs: number
}

/**
 * Leases due jobs, the largest priority and then the oldest first. Jobs that somebody else is just taking are
 * passed over, so claimers never wait for each other.
 */
export async function leaseJobs(db: Db, request: LeaseRequest): Promise<LeasedJob[]> {
  const { worker, kinds, limit, leaseMs } = request
  if (kinds.length === 0 || limit < 1) return []
  const rows = await db.execute<LeasedJob>(sql`
    /* system: lease-jobs */
    with due as (
      select tenant_id, id from jobs
      where status = 'queued' and run_at <= clock_timestamp() and kind = any(string_to_array(${kinds.join(',')}, ','))
      order by priority desc, run_at, id limit ${limit} for update skip locked
    ), leased as (
      update jobs j set status = 'running', attempts = j.attempts + 1, version = j.version + 1,
        lease_token = gen_random_uuid(), leased_by = ${worker}, leased_at = clock_timestamp(),
        heartbeat_at = clock_timestamp(),
        lease_expires_at = clock_timestamp() + ${leaseMs}::int * interval '1 millisecond'
      from due where j.tenant_id = due.tenant_id and j.id = due.id
      returning j.*
    ), event as (
      ${appendEvents(sql`leased`, sql`'started'`, sql`jsonb_build_object('attempt', e.attempts, 'worker', e.leased_by)`)}
    )
    select tenant_id as "tenantId", id, lease_token as "leaseToken", kind, payload, attempts,
      subject_id as "subjectId", user_id as "userId", request_id as "requestId", attempts_max as "attemptsMax"
    from leased order by priority desc, run_at, id`)
  return [...rows]
}

export type Recovery = { tenantId: string; id: string; ending: 'queued' | 'dead' | 'cancelled' }

/**
 * Takes back jobs whose worker has not been heard of for a whole lease: queued again, or ended when the attempts
 * are used up or a cancel was asked for. Leases still alive are never looked at, however many there are.
 */
export async function recoverExpiredLeases(db: Db, limit: number): Promise<Recovery[]> {
  const error = sql`jsonb_build_object('attempt', attempts, 'code', 'lease_lost',
    'at', to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'message', 'The worker stopped without a word.')`
  const rows = await db.execute<Recovery>(sql`
    /* system: recover-expired-leases */
    with expired as (
      select tenant_id, id, cancel_requested_at is null and attempts < attempts_max as again from jobs
      where status = 'running' and lease_expires_at < clock_timestamp()
      order by lease_expires_at limit ${limit} for update skip locked
    ), requeued as (
      update jobs j set status = 'queued', lease_token = null, leased_by = null, version = j.version + 1,
        lease_expires_at = null, run_at = clock_timestamp(), errors = errors || ${error}, dedupe_key = null
      from expired where j.tenant_id = expired.tenant_id and j.id = expired.id and expired.again
      returning j.tenant_id, j.id, j.attempts
    ), lost as (
      ${appendEvents(sql`requeued`, sql`'lease_lost'`, sql`jsonb_build_object('attempt', e.attempts)`)}
    ), gone as (
      delete from jobs j using expired
      where j.tenant_id = expired.tenant_id and j.id = expired.id and not expired.again
      returning j.*
    ), ${endJobs(sql`case when cancel_requested_at is null then 'dead' else 'cancelled' end`, error, sql`null::jsonb`)}
    select tenant_id as "tenantId", id, 'queued' as ending from requeued
    union all select tenant_id, id, ending from ended`)
  return [...rows]
}
