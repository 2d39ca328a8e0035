import { and, asc, eq, inArray, lt, notExists, type SQL } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { documentVersions } from '../../db/schema/document-versions.ts'
import { blobs, documents } from '../../db/schema/documents.ts'
import { holdImports, removeUnneededImports } from '../annotations/import-removal.ts'
import { cancelJob } from '../jobs/queue.ts'
import { publishChange } from '../webhooks/publish.ts'
import { enqueueBytesRemoval } from './bytes-removal.ts'
import { lockPageImageKeys } from './page-drawing.ts'
import { lockRunOfDocument } from './run-lock.ts'
import { anyDigest } from './stored-files.ts'

type Removal = {
  tenantId: string
  documentId: string
  requestId: string | null
  /** Only when the document has one of these versions; `null`: whatever its version. */
  versions: readonly number[] | null
  /** Only when it was put into the trash before this, and lies there still. */
  trashedBefore?: Date
}

/**
 * Deletes a document with its pages and versions and ends its run. Bytes that no other document or version has go, too:
 * by a job of the same transaction, because a file cannot be taken back when the transaction fails.
 * Rows are locked in the order job, bytes, document: an attempt and an upload take them in the same order.
 * @returns `false`: there is no such document in such a version
 */
export async function removeDocument(tx: Tx, removal: Removal): Promise<boolean> {
  const { tenantId, documentId, versions, trashedBefore } = removal
  const source = await lockRunOfDocument(tx, tenantId, documentId)
  if (!source) return false
  const earlier = await tx
    .select({ sha256: documentVersions.sha256 })
    .from(documentVersions)
    .where(
      and(eq(documentVersions.tenantId, tenantId), eq(documentVersions.documentId, documentId)),
    )
  const itsBytes = and(
    eq(blobs.tenantId, tenantId),
    anyDigest(blobs.sha256, [source.sha256, ...earlier.map(({ sha256 }) => sha256)]),
  )
  await tx
    .select({ bytes: blobs.bytes })
    .from(blobs)
    .where(itsBytes)
    .orderBy(asc(blobs.sha256))
    .for('update')
  const imports = await holdImports(tx, { tenantId, documentIds: [documentId] })
  const pictures = await lockPageImageKeys(tx, { tenantId, documentId })
  const inVersion = versions === null ? undefined : inArray(documents.version, [...versions])
  const inTrash = trashedBefore && lt(documents.trashedAt, trashedBefore)
  const [gone] = await tx
    .delete(documents)
    .where(and(eq(documents.tenantId, tenantId), eq(documents.id, documentId), inVersion, inTrash))
    .returning({ jobId: documents.jobId })
  if (!gone) return false
  await removeUnneededImports(tx, tenantId, imports)
  await cancelJob(tx, { tenantId, id: gone.jobId })
  await publishChange(tx, { tenantId, type: 'document.deleted', subjectId: documentId, data: {} })
  await enqueueBytesRemoval(tx, removal, [...(await deleteUnneeded(tx, itsBytes)), ...pictures])
  return true
}

// A statement of its own, after the lock: it sees every document and version that was committed before.
async function deleteUnneeded(tx: Tx, someBytes: SQL | undefined): Promise<string[]> {
  const named = (table: typeof documents | typeof documentVersions) =>
    tx
      .select({ sha256: table.sha256 })
      .from(table)
      .where(and(eq(table.tenantId, blobs.tenantId), eq(table.sha256, blobs.sha256)))
  const unneeded = await tx
    .delete(blobs)
    .where(and(someBytes, notExists(named(documents)), notExists(named(documentVersions))))
    .returning({ storageKey: blobs.storageKey })
  return unneeded.map(({ storageKey }) => storageKey)
}
