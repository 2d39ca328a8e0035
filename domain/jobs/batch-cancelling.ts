import { sql } from 'drizzle-orm'
import { textArray } from '../../db/claim.ts'
import type { Tx } from '../../db/client.ts'
import { endJobs } from '../../db/run-ending.ts'
import { appendEvents } from '../../db/run-events.ts'
import { partJobKinds } from './part-kinds.ts'

/**
 * Locks the open jobs of a batch, and their parts, in the order of their ids: until the commit none begins or ends.
 * @returns their ids
 */
export async function holdJobsOfBatch(
  tx: Tx,
  { tenantId, batchId }: { tenantId: string; batchId: string },
): Promise<string[]> {
  const rows = await tx.execute<{ id: string }>(sql`
    select id from jobs where tenant_id = ${tenantId} and (batch_id = ${batchId}
      or kind = any(${textArray(partJobKinds)}::text[]) and batch_id = any(array(
        select q.id from jobs q where q.tenant_id = ${tenantId} and q.batch_id = ${batchId})))
    order by id for update`)
  return [...rows].map(({ id }) => id)
}

/** Asks for the end of held jobs, as `cancelJob` does of one, in two statements however many they are. */
export async function cancelHeldJobs(
  tx: Tx,
  { tenantId, ids }: { tenantId: string; ids: readonly string[] },
): Promise<void> {
  const which = sql`tenant_id = ${tenantId} and id = any(${textArray(ids)}::uuid[])`
  await tx.execute(sql`
    with gone as (
      delete from jobs where ${which} and status <> 'running' returning *
    ), ${endJobs({ status: sql`'cancelled'`, error: sql`null::jsonb`, result: sql`null::jsonb` })}
    select count(*) from ended`)
  await tx.execute(sql`
    with asked as (
      update jobs set cancel_requested_at = clock_timestamp(), version = version + 1
      where ${which} and status = 'running' and cancel_requested_at is null
      returning tenant_id, id
    ), event as (
      ${appendEvents({ from: sql`asked`, type: sql`'cancel_requested'`, data: sql`'{}'::jsonb` })}
    )
    select count(*) from asked`)
}
