import { and, eq, inArray, lt, notExists } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import type { Tx } from '../../db/client.ts'
import { blobs, documents } from '../../db/schema/documents.ts'
import { cancelJob, enqueueJob } from '../jobs/queue.ts'
import { publishChange } from '../webhooks/publish.ts'
import { blobDeletionJobKind } from './processing.ts'
import { lockRunOfDocument } from './run-lock.ts'

type Removal = {
  tenantId: string
  documentId: string
  requestId: string | null
  /** Only when the document has one of these versions; `null`: whatever its version. */
  versions: readonly number[] | null
  /** Only when it was put into the trash before this, and lies there still. */
  trashedBefore?: Date
}

// Bytes that stay behind are found by nobody.
const bytesRemovalAttemptsMax = 20

/**
 * Deletes a document with its pages and ends its run. When no other document has its bytes, they go too: by a job
 * of the same transaction, because a file cannot be taken back when the transaction fails.
 * Rows are locked in the order job, bytes, document: an attempt and an upload take them in the same order.
 * @returns `false`: there is no such document in such a version
 */
export async function removeDocument(tx: Tx, removal: Removal): Promise<boolean> {
  const { tenantId, documentId, versions, trashedBefore } = removal
  const source = await lockRunOfDocument(tx, tenantId, documentId)
  if (!source) return false
  const bytes = and(eq(blobs.tenantId, tenantId), eq(blobs.sha256, source.sha256))
  await tx.select({ bytes: blobs.bytes }).from(blobs).where(bytes).for('update')
  const inVersion = versions === null ? undefined : inArray(documents.version, [...versions])
  const inTrash = trashedBefore && lt(documents.trashedAt, trashedBefore)
  const [gone] = await tx
    .delete(documents)
    .where(and(eq(documents.tenantId, tenantId), eq(documents.id, documentId), inVersion, inTrash))
    .returning({ jobId: documents.jobId })
  if (!gone) return false
  await cancelJob(tx, { tenantId, id: gone.jobId })
  await publishChange(tx, { tenantId, type: 'document.deleted', subjectId: documentId, data: {} })
  // A statement of its own, after the lock: it sees every document that was committed before.
  const others = tx
    .select({ id: documents.id })
    .from(documents)
    .where(and(eq(documents.tenantId, tenantId), eq(documents.sha256, source.sha256)))
  const [unneeded] = await tx
    .delete(blobs)
    .where(and(bytes, notExists(others)))
    .returning({ storageKey: blobs.storageKey })
  if (unneeded) await enqueueBytesRemoval(tx, removal, unneeded.storageKey)
  return true
}

async function enqueueBytesRemoval(tx: Tx, { tenantId, requestId }: Removal, storageKey: string) {
  await enqueueJob(tx, {
    tenantId,
    id: uuidv7(),
    kind: blobDeletionJobKind,
    payload: { storage_key: storageKey },
    attemptsMax: bytesRemovalAttemptsMax,
    ...(requestId === null ? {} : { requestId }),
  })
}
