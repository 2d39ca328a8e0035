import { and, eq, gt, isNull, sql } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import { textArray } from '../../db/claim.ts'
import type { Tx } from '../../db/client.ts'
import { batches, batchItems } from '../../db/schema/batches.ts'
import { documents } from '../../db/schema/documents.ts'
import { jobs } from '../../db/schema/jobs.ts'
import { reprocessDocument } from '../documents/processing.ts'
import { lockRunOfDocument } from '../documents/run-lock.ts'
import { cancelJob, enqueueJob, enqueueJobs } from '../jobs/queue.ts'
import { failItems, lockBatch } from './items.ts'
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
type Started = { position: number; jobId: string }

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
 * ended. A document that is gone or in the trash fails its item; so nothing is left without a job or an end.
 */
export async function startItems(tx: Tx, start: Omit<Start, 'requestId'>): Promise<void> {
  const { tenantId, batchId } = start
  await lockBatch(tx, tenantId, batchId)
  const batch = await findBatch(tx, start)
  if (!batch) return // deleted
  const items = await nextItems(tx, start)
  const isReading = batch.operation === 'extract'
  // Held before the documents are looked at: none is deleted or read by others until the commit.
  const runs = isReading ? await holdRuns(tx, tenantId, items) : new Map<string, string>()
  const { ready, refused } = await sortedByDocument(tx, tenantId, items)
  const started = isReading
    ? await startReading(tx, batch, { items: ready, runs })
    : await queueItems(tx, batch, ready)
  await noteStarted(tx, batch, started)
  const last = items.at(-1)
  if (last && items.length === itemsPerStart) {
    const next = { tenantId, batchId, after: last.position, requestId: batch.requestId }
    await enqueueStart(tx, next, started[Math.floor(started.length / 2)]?.jobId)
  }
  for (const refusal of refused) await failItems(tx, start, refusal)
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

/** Items whose documents may be worked on, and why the others may not. */
async function sortedByDocument(tx: Tx, tenantId: string, items: readonly Item[]) {
  const ids = textArray(items.map(({ documentId }) => documentId))
  const rows = await tx
    .select({ id: documents.id, trashedAt: documents.trashedAt })
    .from(documents)
    .where(and(eq(documents.tenantId, tenantId), sql`${documents.id} = any(${ids}::uuid[])`))
  const isTrashed = new Map(rows.map(({ id, trashedAt }) => [id, trashedAt !== null]))
  const found = (wanted: boolean | undefined) =>
    items.filter(({ documentId }) => isTrashed.get(documentId) === wanted)
  const refused = [
    { code: 'document_gone', message: 'The document was deleted.', items: found(undefined) },
    { code: 'document_trashed', message: 'The document is in the trash.', items: found(true) },
  ]
  return { ready: found(false), refused }
}

const byDocument = (a: Item, b: Item): number => (a.documentId < b.documentId ? -1 : 1)

/**
 * The documents' runs, by document, held in one order: two batches of the same documents wait for each other and do not
 * lock each other out. All are held before the first is cancelled: that moves the counts of another batch,
 * behind which nothing may be waited for that an attempt holds.
 */
async function holdRuns(tx: Tx, tenantId: string, items: readonly Item[]) {
  const runs = new Map<string, string>()
  for (const { documentId } of items.toSorted(byDocument)) {
    const run = await lockRunOfDocument(tx, tenantId, documentId)
    if (run) runs.set(documentId, run.jobId)
  }
  return runs
}

/** Has each document read again by a run of its own, which is the item's job; it takes the place of one that is open. */
async function startReading(
  tx: Tx,
  batch: Batch,
  { items, runs }: { items: readonly Item[]; runs: ReadonlyMap<string, string> },
): Promise<Started[]> {
  const { tenantId, id: batchId, userId, requestId } = batch
  const earlier = items.flatMap(({ documentId }) => runs.get(documentId) ?? [])
  for (const id of await openJobs(tx, tenantId, earlier)) await cancelJob(tx, { tenantId, id })
  const by = { batchId, userId, ...(requestId !== null && { requestId }) }
  const started: Started[] = []
  for (const { position, documentId } of items) {
    const jobId = uuidv7()
    await reprocessDocument(tx, { tenantId, documentId, jobId, ...by })
    started.push({ position, jobId })
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
  const started = items.map(({ position }) => ({ position, jobId: uuidv7() }))
  const shared = {
    ...{ tenantId, kind: batchItemJobKind, userId, batchId, priority: batchJobPriority },
    ...(requestId !== null && { requestId }),
  }
  const subjects = items.map(({ documentId }) => documentId)
  await enqueueJobs(
    tx,
    started.map(({ jobId }, index) => ({ ...shared, id: jobId, subjectId: subjects[index] ?? '' })),
  )
  return started
}

async function noteStarted(
  tx: Tx,
  { tenantId, id: batchId }: Batch,
  started: readonly Started[],
): Promise<void> {
  if (started.length === 0) return
  const positions = `{${started.map(({ position }) => position).join(',')}}`
  const jobIds = `{${started.map(({ jobId }) => jobId).join(',')}}`
  await tx.execute(sql`
    update batch_items i set job_id = s.job_id, attempts = i.attempts + 1
    from unnest(${positions}::int[], ${jobIds}::uuid[]) s(position, job_id)
    where i.tenant_id = ${tenantId} and i.batch_id = ${batchId} and i.position = s.position`)
}
