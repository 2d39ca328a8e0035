import type * as z from 'zod'
import type { Batch, BatchItem } from './contract.ts'
import type { BatchItemRow, BatchRow } from './queries.ts'

export function toBatch(row: BatchRow): z.input<typeof Batch> {
  const base = `/v1/batches/${row.id}`
  return {
    id: row.id,
    name: row.name,
    operation: row.operation,
    parameters: row.parameters as z.input<typeof Batch>['parameters'],
    user_id: row.userId,
    status: row.status,
    counts: {
      total: row.itemsTotal,
      queued: row.itemsQueued,
      running: row.itemsRunning,
      completed: row.itemsCompleted,
      failed: row.itemsFailed,
      cancelled: row.itemsCancelled,
    },
    cancel_requested: row.cancelRequestedAt !== null,
    urls: { items: `${base}/items`, events: `${base}/events`, export: `${base}/export` },
    version: row.version,
    created_at: row.createdAt.toISOString(),
    updated_at: row.updatedAt.toISOString(),
    finished_at: row.finishedAt?.toISOString() ?? null,
  }
}

export const toItem = (row: BatchItemRow): z.input<typeof BatchItem> => ({
  position: row.position,
  document_id: row.documentId,
  status: row.status,
  attempts: row.attempts,
  error: row.errorCode === null ? null : { code: row.errorCode, message: row.errorMessage ?? '' },
  job_id: row.jobId,
  started_at: row.startedAt?.toISOString() ?? null,
  finished_at: row.finishedAt?.toISOString() ?? null,
})
