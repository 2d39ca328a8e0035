import { sql } from 'drizzle-orm'
import { textArray } from '../../db/claim.ts'
import type { Tx } from '../../db/client.ts'
import { appendEvents, startedEvents } from '../../db/run-events.ts'
import { insertJobs } from './insertion.ts'
import { held, type Lease } from './lease.ts'
import { LeaseLost } from './outcome.ts'
import { type PartJobKind, partJobKinds, partsEnded } from './part-kinds.ts'
import type { NewJob } from './queue.ts'

/** What a part has of its own; the rest is the whole job's. */
export type Part = Required<Pick<NewJob, 'id' | 'payload'>>

type Parts = {
  kind: PartJobKind
  parts: readonly Part[] // at least one
  priority: number
}

/**
 * Divides a job under way: it waits until its parts have ended, however they did, and then begins again. All in the
 * caller's transaction, behind the lease, which is gone with it; then the handler throws `JobParked`. The payload of the
 * next attempt has {@link partsEnded}.
 * @throws {LeaseLost}
 */
export async function waitForParts(tx: Tx, lease: Lease, divided: Parts): Promise<void> {
  const { kind, parts, priority } = divided
  // The attempt does not count: it did what it could.
  const [whole] = await tx.execute<{
    subject_id: string | null
    user_id: string | null
    request_id: string | null
  }>(sql`
    with parked as (
      update jobs set status = 'waiting', dependencies_open = ${parts.length}::int, version = version + 1,
        attempts = attempts - 1, payload = payload || ${JSON.stringify({ [partsEnded]: true })}::jsonb,
        lease_token = null, lease_expires_at = null, dedupe_key = null
      where ${held(lease)}
      returning tenant_id, id, attempts + 1 as attempt, leased_at, leased_by, subject_id, user_id, request_id
    ), started as (${startedEvents(sql`parked`)}
    ), event as (
      ${appendEvents({
        from: sql`parked`,
        type: sql`'released'`,
        data: sql`jsonb_build_object('attempt', e.attempt, 'parts', ${parts.length}::int)`,
      })}
    )
    select subject_id, user_id, request_id from parked`)
  if (!whole) throw new LeaseLost(lease.id)
  const { tenantId, id } = lease
  const shared = {
    ...{ tenantId, kind, priority, batchId: id },
    ...(whole.subject_id && { subjectId: whole.subject_id }),
    ...(whole.user_id && { userId: whole.user_id }),
    ...(whole.request_id && { requestId: whole.request_id }),
  }
  await insertJobs(
    tx,
    parts.map((part) => ({ ...shared, ...part })),
  )
  const ids = textArray(parts.map((part) => part.id))
  await tx.execute(sql`
    with marked as (
      update jobs set has_dependents = true
      where tenant_id = ${tenantId} and id = any(${ids}::uuid[]) returning id
    )
    insert into job_dependencies (tenant_id, job_id, depends_on_id, on_failure)
    select ${tenantId}::uuid, ${id}::uuid, marked.id, 'run' from marked`)
}

/**
 * Locks the open parts of a job that waits, in the order of their ids: until the commit none of them begins or ends.
 * @returns their ids
 */
export async function holdParts(
  tx: Tx,
  { tenantId, id }: { tenantId: string; id: string },
): Promise<string[]> {
  // Each by its key: no plan can read the whole table.
  const rows = await tx.execute<{ id: string }>(sql`
    with parts as materialized (
      select d.depends_on_id as id from job_dependencies d
      where d.tenant_id = ${tenantId} and d.job_id = ${id}
    )
    select j.id from (select id from parts order by id) p cross join lateral (
      select q.id from jobs q where q.tenant_id = ${tenantId} and q.id = p.id
        and q.kind = any(${textArray(partJobKinds)}::text[]) for update) j`)
  return [...rows].map((row) => row.id)
}
