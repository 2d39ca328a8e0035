import { and, eq, gt, isNull, sql } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import { countMovedItems } from '../../db/batch-items.ts'
import { textArray } from '../../db/claim.ts'
import type { Tx } from '../../db/client.ts'
import { batches, batchItems } from '../../db/schema/batches.ts'
import { jobs } from '../../db/schema/jobs.ts'
import { reprocessDocument } from '../documents/processing.ts'
import { lockRunOfDocument } from '../documents/run-lock.ts'
import { cancelJob, enqueueJob, enqueueJobs } from '../jobs/queue.ts'
import { lockBatch } from './items.ts'
import {
  batchItemJobKind,
  batchJobPriority,
  batchStartJobKind,
  batchStartPriority,
} from './kinds.ts'

// What is open of a batch at one time: a document is not touched long before it is read, and a cancel leaves the rest of
// a large batch as it was.
const itemsPerStart = 100

type Batch = typeof batches.$inferSelect
type Item = { position: number; documentId: string }
type Started = { position: number; jobId: string | null }

type Start = { tenantId: string; batchId: string; after: number; requestId: string | null }

/** Queues the job that starts the items behind a position; -1: all that have no job yet. */
export async function enqueueStart(
  tx: Tx,
  { tenantId, batchId, after, requestId }: Start,
  waitFor?: string,
): Promise<void> {
  await enqueueJob(tx, {
    ...{ tenantId, id: uuidv7(), kind: batchStartJobKind, subjectId: batchId, payload: { after } },
    priority: batchStartPriority,
    ...(requestId !== null && { requestId }),
    ...(waitFor !== undefined && { dependsOn: [waitFor], onDependencyFailure: 'run' as const }),
  })
}

/**
 * Starts the next items of a batch, in their order, and queues the start of those behind them for when half of these have
 * ended. A document that is gone fails its item; so nothing is left without a job or an end.
 */
export async function startItems(tx: Tx, start: Omit<Start, 'requestId'>): Promise<void> {
  const { tenantId, batchId } = start
  await lockBatch(tx, tenantId, batchId)
  const batch = await findBatch(tx, start)
  if (!batch) return // deleted
  const items = await nextItems(tx, start)
  const started =
    batch.operation === 'extract'
      ? await startReading(tx, batch, items)
      : await queueItems(tx, batch, items)
  await noteStarted(tx, batch, started)
  const last = items.at(-1)
  if (!last || items.length < itemsPerStart) return
  const middle = started.slice(itemsPerStart / 2).find(({ jobId }) => jobId !== null)
  const next = { tenantId, batchId, after: last.position, requestId: batch.requestId }
  await enqueueStart(tx, next, middle?.jobId ?? undefined)
}

async function findBatch(tx: Tx, { tenantId, batchId }: { tenantId: string; batchId: string }) {
  const [row] = await tx
    .select()
    .from(batches)
    .where(and(eq(batches.tenantId, tenantId), eq(batches.id, batchId)))
  return row
}

const nextItems = (
  tx: Tx,
  { tenantId, batchId, after }: { tenantId: string; batchId: string; after: number },
): Promise<Item[]> =>
  tx
    .select({ position: batchItems.position, documentId: batchItems.documentId })
    .from(batchItems)
    .where(
      and(
        eq(batchItems.tenantId, tenantId),
        eq(batchItems.batchId, batchId),
        eq(batchItems.status, 'queued'),
        isNull(batchItems.jobId),
        gt(batchItems.position, after),
      ),
    )
    .orderBy(batchItems.position)
    .limit(itemsPerStart)

/**
 * Has each document read again by a run of its own, which is the item's job. All runs are held before the first is
 * cancelled: that moves the counts of another batch, behind which no job may be waited for.
 */
async function startReading(tx: Tx, batch: Batch, items: readonly Item[]): Promise<Started[]> {
  const { tenantId, id: batchId, userId, requestId } = batch
  const runs: string[] = []
  for (const { documentId } of items) {
    const run = await lockRunOfDocument(tx, tenantId, documentId)
    if (run) runs.push(run.jobId)
  }
  for (const id of await openJobs(tx, tenantId, runs)) await cancelJob(tx, { tenantId, id })
  const started: Started[] = []
  const by = { batchId, userId, ...(requestId !== null && { requestId }) }
  for (const { position, documentId } of items) {
    const jobId = uuidv7()
    const isThere = await reprocessDocument(tx, { tenantId, documentId, jobId, ...by })
    started.push({ position, jobId: isThere ? jobId : null })
  }
  return started
}

async function openJobs(tx: Tx, tenantId: string, ids: readonly string[]): Promise<string[]> {
  const rows = await tx
    .select({ id: jobs.id })
    .from(jobs)
    .where(and(eq(jobs.tenantId, tenantId), sql`${jobs.id} = any(${textArray(ids)}::uuid[])`))
  return rows.map(({ id }) => id)
}

async function queueItems(tx: Tx, batch: Batch, items: readonly Item[]): Promise<Started[]> {
  const { tenantId, id: batchId, userId, requestId } = batch
  const itemJobs = items.map(({ documentId }) => ({
    ...{ tenantId, id: uuidv7(), kind: batchItemJobKind, subjectId: documentId, userId, batchId },
    ...{ priority: batchJobPriority, ...(requestId !== null && { requestId }) },
  }))
  await enqueueJobs(tx, itemJobs)
  return items.map(({ position }, index) => ({ position, jobId: itemJobs[index]?.id ?? null }))
}

async function noteStarted(
  tx: Tx,
  { tenantId, id: batchId }: Batch,
  started: readonly Started[],
): Promise<void> {
  if (started.length === 0) return
  const positions = `{${started.map(({ position }) => position).join(',')}}`
  const jobIds = `{${started.map(({ jobId }) => jobId ?? 'null').join(',')}}`
  await tx.execute(sql`
    update batch_items i set job_id = s.job_id, attempts = i.attempts + 1
    from unnest(${positions}::int[], ${jobIds}::uuid[]) s(position, job_id)
    where i.tenant_id = ${tenantId} and i.batch_id = ${batchId} and i.position = s.position`)
  const gone = started.filter(({ jobId }) => jobId === null).map(({ position }) => position)
  if (gone.length === 0) return
  await tx.execute(sql`
    with moved_items as (
      update batch_items i set previous_status = i.status, status = 'failed', error_code = 'document_gone',
        error_message = 'The document was deleted.', finished_at = clock_timestamp()
      where i.tenant_id = ${tenantId} and i.batch_id = ${batchId}
        and i.position = any(${textArray(gone.map(String))}::int[])
      returning i.tenant_id, i.batch_id, i.previous_status, i.status
    ), ${countMovedItems()}
    select count(*) from moved_batches`)
}
