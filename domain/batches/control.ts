import { and, eq, sql } from 'drizzle-orm'
import { countMovedItems } from '../../db/batch-items.ts'
import { textArray } from '../../db/claim.ts'
import type { Tx } from '../../db/client.ts'
import { batches } from '../../db/schema/batches.ts'
import { cancelHeldJobs, holdJobsOfBatch } from '../jobs/batch-cancelling.ts'
import { lockBatch } from './items.ts'
import { enqueueStart } from './starting.ts'

type Batch = { tenantId: string; id: string }

const owned = ({ tenantId, id }: Batch) => and(eq(batches.tenantId, tenantId), eq(batches.id, id))

/** The batch, which nobody starts, cancels, retries or deletes until the transaction ends. */
export async function holdBatch(tx: Tx, { tenantId, id }: Batch) {
  await lockBatch(tx, tenantId, id)
  const [row] = await tx.select().from(batches).where(owned({ tenantId, id }))
  return row ?? null
}

/**
 * Ends what has not begun at once, and tells what runs to end. Behind {@link holdBatch}. The batch is cancelled with the
 * last of them; what has ended before stays as it is.
 */
export async function cancelBatch(tx: Tx, { tenantId, id }: Batch): Promise<void> {
  const ids = await holdJobsOfBatch(tx, { tenantId, batchId: id })
  await tx
    .update(batches)
    .set({ cancelRequestedAt: sql`clock_timestamp()`, version: sql`${batches.version} + 1` })
    .where(owned({ tenantId, id }))
  await cancelHeldJobs(tx, { tenantId, ids })
  // What has no job yet.
  await tx.execute(sql`
    with moved_items as (
      update batch_items set previous_status = status, status = 'cancelled', finished_at = clock_timestamp()
      where tenant_id = ${tenantId} and batch_id = ${id} and status = 'queued' and job_id is null
      returning tenant_id, batch_id, previous_status, status
    ), ${countMovedItems()}
    select count(*) from moved_batches`)
}

type Retry = Batch & { statuses: readonly ('failed' | 'cancelled')[]; requestId: string | null }

/**
 * Queues items again that have ended so; the others keep what they have. Behind {@link holdBatch}.
 * @returns how many; of none, nothing is changed
 */
export async function retryItems(tx: Tx, { tenantId, id, statuses, requestId }: Retry) {
  const [row] = await tx.execute<{ count: number }>(sql`
    with moved_items as (
      update batch_items set previous_status = status, status = 'queued', job_id = null,
        error_code = null, error_message = null, started_at = null, finished_at = null
      where tenant_id = ${tenantId} and batch_id = ${id} and status = any(${textArray(statuses)}::text[])
      returning tenant_id, batch_id, previous_status, status
    ), ${countMovedItems()}
    select count(*)::int as count from moved_items`)
  const count = row?.count ?? 0
  if (count === 0) return 0
  await tx.update(batches).set({ cancelRequestedAt: null }).where(owned({ tenantId, id }))
  await enqueueStart(tx, { tenantId, batchId: id, after: -1, requestId })
  return count
}
