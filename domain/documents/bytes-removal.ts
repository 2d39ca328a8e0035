import { uuidv7 } from 'uuidv7'
import type { Tx } from '../../db/client.ts'
import { enqueueJobs } from '../jobs/queue.ts'
import { blobDeletionJobKind } from './processing.ts'

// Bytes that stay behind are found by the daily sweep alone.
const attemptsMax = 20

/**
 * Has stored bytes deleted once their rows are gone for certain: by jobs of the same transaction, because a file cannot be
 * taken back when the transaction fails.
 */
export async function enqueueBytesRemoval(
  tx: Tx,
  { tenantId, requestId }: { tenantId: string; requestId: string | null },
  storageKeys: readonly string[],
): Promise<void> {
  const shared = { tenantId, kind: blobDeletionJobKind, attemptsMax }
  const jobs = storageKeys.map((storageKey) => ({
    ...shared,
    id: uuidv7(),
    payload: { storage_key: storageKey },
    ...(requestId === null ? {} : { requestId }),
  }))
  await enqueueJobs(tx, jobs)
}
