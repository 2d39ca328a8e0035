import { sql } from 'drizzle-orm'
import { textArray } from '../../db/claim.ts'
import type { Db, Tx } from '../../db/client.ts'
import { endJobs } from '../../db/run-ending.ts'
import { appendEvents } from '../../db/run-events.ts'
import type { DependencyPolicy } from '../../db/schema/jobs.ts'
import { holdOpenDependencies, waitFor } from './dependencies.ts'
import { insertJobs } from './insertion.ts'
import { holdParts } from './parts.ts'

export type DuplicatePolicy = 'keep' | 'replace' | 'reschedule'

export type NewJob = {
  tenantId: string
  id: string // UUIDv7
  kind: string
  subjectId?: string
  userId?: string
  payload?: Record<string, unknown>
  priority?: number // larger first, default 0; -32768 to 32767
  delayMs?: number // from now by the database's clock, default 0
  runAt?: Date // instead of `delayMs`
  attemptsMax?: number // default 5
  runMsMax?: number // of one attempt; default: no limit
  /** At most one job of this kind and key waits to begin. One that has begun gives it up: another may wait already. */
  dedupeKey?: string
  /**
   * When one with this key waits already. `keep` (default) leaves it as it is; `replace` gives it this payload,
   * priority and time; `reschedule` gives it this time alone.
   */
  onDuplicate?: DuplicatePolicy
  batchId?: string
  requestId?: string
  /** Ids of jobs that must end first. It is not queued before all of them have. */
  dependsOn?: readonly string[]
  /** When one of them does not complete: `cancel` (default) this job too, or `run` it all the same. */
  onDependencyFailure?: DependencyPolicy
}

/** The channel that wakes workers. A doorbell: what there is to do is read from the table. */
export const jobsChannel = 'octavo_jobs'

/**
 * Queues a job inside the caller's transaction: it exists if and only if that commits. Call {@link ringWorkers}
 * after the commit; a worker that does not hear it looks by itself within a quarter of a second.
 * @returns the id of the job that will run: with a `dedupeKey`, perhaps of one that waits already
 * @throws {AppError} `invalid`: a job that it depends on does not exist, or has ended without completing
 */
export async function enqueueJob(tx: Tx, job: NewJob): Promise<string> {
  const open = job.dependsOn?.length ? await holdOpenDependencies(tx, job, job.dependsOn) : []
  const [id = job.id] = await insertJobs(tx, [{ ...job, dependenciesOpen: open.length }])
  if (open.length > 0 && id === job.id) await waitFor(tx, job, open)
  return id
}

/**
 * Queues many jobs in one statement, which is fifty times as fast as one by one: all of them or none.
 * @param db also outside a transaction, when the jobs are all there is to write
 * @param list without dependencies
 * @returns the ids of the jobs that will run, in order
 */
export async function enqueueJobs(
  db: Db | Tx,
  list: readonly Omit<NewJob, 'dependsOn' | 'onDependencyFailure'>[],
): Promise<string[]> {
  return list.length === 0 ? [] : insertJobs(db, list)
}

/**
 * Queues jobs without dedupe keys and wakes idle workers, in one statement of its own: they begin a round trip sooner
 * than when {@link ringWorkers} follows.
 */
export async function enqueueAndRing(
  db: Db,
  list: readonly Omit<NewJob, 'dependsOn' | 'onDependencyFailure' | 'dedupeKey' | 'onDuplicate'>[],
): Promise<string[]> {
  return list.length === 0 ? [] : insertJobs(db, list, jobsChannel)
}

/** Wakes idle workers. After the commit, not in the transaction: NOTIFY holds a lock of the whole server at commit. */
export async function ringWorkers(db: Db, reason: 'queued' | 'cancel' = 'queued'): Promise<void> {
  await db.execute(sql`select pg_notify(${jobsChannel}, ${reason})`)
}

/**
 * Asks for the end of a job and of its parts: at once when it has not begun, with its document; a running one is told
 * and ends within about a second ({@link ringWorkers} with `cancel` after the commit makes it sooner).
 * @returns `missing`: there is no such job, or it has ended
 */
export async function cancelJob(
  tx: Tx,
  { tenantId, id }: { tenantId: string; id: string },
): Promise<'cancelled' | 'requested' | 'missing'> {
  // Or its attempt could put it back between the two statements, and neither would find it.
  const [job] = await tx.execute<{ isWaiting: boolean }>(sql`
    select dependencies_open > 0 as "isWaiting" from jobs
    where tenant_id = ${tenantId} and id = ${id} for update`)
  const parts = job?.isWaiting ? await holdParts(tx, { tenantId, id }) : []
  const which = sql`tenant_id = ${tenantId} and id = any(${textArray([id, ...parts])}::uuid[])`
  const ended = await tx.execute<{ id: string }>(sql`
    with gone as (
      delete from jobs where ${which} and status <> 'running' returning *
    ), ${endJobs({ status: sql`'cancelled'`, error: sql`null::jsonb`, result: sql`null::jsonb` })}
    select id from ended`)
  const asked = await tx.execute<{ id: string }>(sql`
    with asked as (
      update jobs set cancel_requested_at = coalesce(cancel_requested_at, clock_timestamp()),
        version = version + 1
      where ${which} and status = 'running'
      returning tenant_id, id
    ), event as (
      ${appendEvents({ from: sql`asked`, type: sql`'cancel_requested'`, data: sql`'{}'::jsonb` })}
    )
    select id from asked`)
  if (ended.some((job) => job.id === id)) return 'cancelled'
  return asked.some((job) => job.id === id) ? 'requested' : 'missing'
}
