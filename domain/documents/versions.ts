import { and, asc, eq, sql } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { documentVersions } from '../../db/schema/document-versions.ts'
import { blobs, type DocumentKind, documentPages, documents } from '../../db/schema/documents.ts'
import { enqueueJob } from '../jobs/queue.ts'
import { extractionJobKind } from './processing.ts'
import { lockRunOfDocument } from './run-lock.ts'
import { anyDigest } from './stored-files.ts'

export type NewFile = {
  sha256: Uint8Array
  filename: string
  kind: DocumentKind
  mediaType: string
  passwordSealed: Uint8Array | null
}

type Replacement = {
  tenantId: string
  documentId: string
  jobId: string // UUIDv7 of the run that reads the new file
  file: NewFile
  userId: string
  requestId: string
  at: Date
}

/**
 * Locks a document's run, then the rows of its bytes and of others, always in the order of their digests: whoever
 * locks several meets nobody who does it the other way round.
 * @returns `false`: there is no such document
 */
export async function lockRunAndBytes(
  tx: Tx,
  { tenantId, documentId }: { tenantId: string; documentId: string },
  others: readonly Uint8Array[],
): Promise<boolean> {
  const source = await lockRunOfDocument(tx, tenantId, documentId)
  if (!source) return false
  await tx
    .select({ bytes: blobs.bytes })
    .from(blobs)
    .where(and(eq(blobs.tenantId, tenantId), anyDigest(blobs.sha256, [source.sha256, ...others])))
    .orderBy(asc(blobs.sha256))
    .for('no key update')
  return true
}

/**
 * Makes a file the next version of a document, which is read again by a new run. The earlier file is kept; its pages go
 * at once, because they are not those of the new one. Expects the document, its run and the rows of all bytes locked.
 */
export async function replaceFile(tx: Tx, replacement: Replacement): Promise<void> {
  const { tenantId, documentId, jobId, file, userId, requestId, at } = replacement
  await keepCurrentFile(tx, replacement)
  const [row] = await tx
    .update(documents)
    .set({
      ...file,
      ...{ status: 'pending', jobId, failureCode: null, failureMessage: null },
      ...{ pageCount: null, pagesDone: 0, extractionMs: null },
      ...{ title: null, author: null, language: null, textChoice: null, textReason: null },
      revision: await nextRevision(tx, tenantId, file.sha256),
      fileVersion: sql`${documents.fileVersion} + 1`,
      version: sql`${documents.version} + 1`,
      updatedAt: at,
    })
    .where(and(eq(documents.tenantId, tenantId), eq(documents.id, documentId)))
    .returning({ number: documents.fileVersion })
  if (!row) throw new Error('a locked document is gone')
  await tx
    .insert(documentVersions)
    .values({ ...file, tenantId, documentId, number: row.number, userId, createdAt: at })
  await tx
    .delete(documentPages)
    .where(and(eq(documentPages.tenantId, tenantId), eq(documentPages.documentId, documentId)))
  const job = { tenantId, id: jobId, kind: extractionJobKind, subjectId: documentId }
  await enqueueJob(tx, { ...job, userId, requestId })
}

/** Writes down the file that is replaced: the first one has no row before, and a later one has been read meanwhile. */
async function keepCurrentFile(tx: Tx, { tenantId, documentId }: Replacement): Promise<void> {
  await tx.execute(sql`
    insert into ${documentVersions} (tenant_id, document_id, number, filename, media_type, kind, sha256,
      password_sealed, page_count, user_id, created_at)
    select tenant_id, id, file_version, filename, media_type, kind, sha256,
      password_sealed, page_count, user_id, created_at
    from ${documents} where tenant_id = ${tenantId} and id = ${documentId}
    on conflict (tenant_id, document_id, number) do update set filename = excluded.filename,
      password_sealed = excluded.password_sealed, page_count = excluded.page_count`)
}

/** The row of these bytes must be locked: two documents of the same bytes have different revisions. */
export async function nextRevision(tx: Tx, tenantId: string, sha256: Uint8Array): Promise<number> {
  const [newest] = await tx
    .select({ revision: sql<number>`coalesce(max(${documents.revision}), 0)::int` })
    .from(documents)
    .where(and(eq(documents.tenantId, tenantId), eq(documents.sha256, sha256)))
  return (newest?.revision ?? 0) + 1
}
