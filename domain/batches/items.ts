import { and, eq, sql } from 'drizzle-orm'
import { countMovedItems } from '../../db/batch-items.ts'
import type { Db, Tx } from '../../db/client.ts'
import { batches, batchItems } from '../../db/schema/batches.ts'
import { holdLease, type Lease } from '../jobs/lease.ts'

/** What one item's job has to do. @returns `null`: the item is gone, or has another job by now */
export async function findItemOfJob(db: Db, { tenantId, id }: { tenantId: string; id: string }) {
  const [row] = await db
    .select({
      documentId: batchItems.documentId,
      userId: batches.userId,
      operation: batches.operation,
      parameters: batches.parameters,
    })
    .from(batchItems)
    .innerJoin(
      batches,
      and(eq(batches.tenantId, batchItems.tenantId), eq(batches.id, batchItems.batchId)),
    )
    .where(and(eq(batchItems.tenantId, tenantId), eq(batchItems.jobId, id)))
  return row ?? null
}

/**
 * An attempt at an item's job has begun: the item runs from now on, whatever becomes of the attempt.
 * @throws {LeaseLost}
 */
export async function beginItem(db: Db, lease: Lease): Promise<void> {
  await db.transaction(async (tx) => {
    await holdLease(tx, lease)
    await runItemOfJob(tx, lease)
  })
}

/** The same in a transaction that holds the lease. */
export async function runItemOfJob(tx: Tx, { tenantId, id }: Lease): Promise<void> {
  await tx.execute(sql`
    with moved_items as (
      update batch_items set previous_status = status, status = 'running', started_at = clock_timestamp()
      where tenant_id = ${tenantId} and job_id = ${id} and status = 'queued'
      returning tenant_id, batch_id, previous_status, status
    ), ${countMovedItems()}
    select count(*) from moved_batches`)
}

type Failure = { code: string; message: string; items: readonly { position: number }[] }

/** Items that could not be started. */
export async function failItems(
  tx: Tx,
  { tenantId, batchId }: { tenantId: string; batchId: string },
  { code, message, items }: Failure,
): Promise<void> {
  if (items.length === 0) return
  const positions = items.map(({ position }) => position)
  await tx.execute(sql`
    with moved_items as (
      update batch_items set previous_status = status, status = 'failed', attempts = attempts + 1,
        error_code = ${code}, error_message = ${message}, finished_at = clock_timestamp()
      where tenant_id = ${tenantId} and batch_id = ${batchId}
        and position = any(${`{${positions.join(',')}}`}::int[])
      returning tenant_id, batch_id, previous_status, status
    ), ${countMovedItems()}
    select count(*) from moved_batches`)
}

/**
 * One after the other for those who start, cancel, retry or delete a batch. Attempts do not ask for it: they only ever
 * add to its counts.
 */
export async function lockBatch(tx: Tx, tenantId: string, batchId: string): Promise<void> {
  const name = `batch:${tenantId}:${batchId}`
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`)
}
