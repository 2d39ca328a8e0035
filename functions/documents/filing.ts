import { and, desc, eq, isNull, sql } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import type { Db, Tx } from '../../db/client.ts'
import { blobs, type DocumentKind, documents } from '../../db/schema/documents.ts'
import { extractionJobKind, reprocessDocument } from '../../domain/documents/processing.ts'
import { nextRevision } from '../../domain/documents/versions.ts'
import { enqueueJob } from '../../domain/jobs/queue.ts'
import { AppError } from '../_shared/http/problems.ts'
import type { StoredObject } from '../_shared/ports/storage.ts'
import { replacePassword } from './queries.ts'

export type DuplicatePolicy = 'link' | 'refuse' | 'version'

export type Upload = {
  tenantId: string
  userId: string
  stored: StoredObject
  filename: string
  kind: DocumentKind
  mediaType: string
  passwordSealed: Uint8Array | null
  policy: DuplicatePolicy
  /** Only this user's documents count as duplicates. */
  ofUserAlone: boolean
  requestId: string
  at: Date
}

export type Filed = {
  documentId: string
  /** `linked`: nothing was to be done; `retried`: the earlier document is read again with the new password. */
  outcome: 'created' | 'linked' | 'retried'
  /** Is the object that was stored for this upload the one that the database names? */
  usesStored: boolean
}

/**
 * Writes document, blob and job of one stored upload, or finds the document that has these bytes already.
 * @throws {AppError} `duplicate` under the policy `refuse`
 */
export async function fileUpload(tx: Tx, upload: Upload): Promise<Filed> {
  // The row stays locked until commit: uploads and deletions of the same bytes go one after the other from here.
  const usesStored = (await holdBlob(tx, upload)) === upload.stored.storageKey
  const earlier = await newestDocument(tx, upload)
  if (earlier && upload.policy === 'refuse')
    throw new AppError('duplicate', 'A document with the same bytes exists already.', {
      headers: { Location: `/v1/documents/${earlier.id}` },
    })
  if (!earlier || upload.policy === 'version')
    return { documentId: await insertDocument(tx, upload), outcome: 'created', usesStored }
  const outcome = (await retryWithPassword(tx, upload, earlier)) ? 'retried' : 'linked'
  return { documentId: earlier.id, outcome, usesStored }
}

/** The storage key of these bytes: that of a row that exists, or of the one made now. Locks the row. */
export async function holdBlob(
  tx: Tx,
  { tenantId, stored }: Pick<Upload, 'tenantId' | 'stored'>,
): Promise<string> {
  const [row] = await tx
    .insert(blobs)
    .values({ tenantId, ...stored })
    .onConflictDoUpdate({
      target: [blobs.tenantId, blobs.sha256],
      set: { bytes: sql`excluded.bytes` },
    })
    .returning({ storageKey: blobs.storageKey })
  if (!row) throw new Error('an upsert returned no row')
  return row.storageKey
}

const ofBytes = ({ tenantId, stored }: Upload) =>
  and(eq(documents.tenantId, tenantId), eq(documents.sha256, stored.sha256))

type Earlier = { id: string; failureCode: string | null }

async function newestDocument(tx: Tx, upload: Upload): Promise<Earlier | undefined> {
  const ofUser = upload.ofUserAlone ? eq(documents.userId, upload.userId) : undefined
  const [row] = await tx
    .select({ id: documents.id, failureCode: documents.failureCode })
    .from(documents)
    .where(and(ofBytes(upload), ofUser, isNull(documents.trashedAt)))
    .orderBy(desc(documents.revision))
    .limit(1)
  return row
}

async function insertDocument(tx: Tx, upload: Upload): Promise<string> {
  const { tenantId, userId, stored, at } = upload
  const [id, jobId] = [uuidv7(), uuidv7()]
  await tx.insert(documents).values({
    tenantId,
    id,
    userId,
    jobId,
    sha256: stored.sha256,
    revision: await nextRevision(tx, tenantId, stored.sha256),
    filename: upload.filename,
    kind: upload.kind,
    mediaType: upload.mediaType,
    passwordSealed: upload.passwordSealed,
    createdAt: at,
    updatedAt: at,
  })
  const { requestId } = upload
  const job = { tenantId, id: jobId, kind: extractionJobKind, subjectId: id, userId, requestId }
  await enqueueJob(tx, job)
  return id
}

async function retryWithPassword(tx: Tx, upload: Upload, earlier: Earlier): Promise<boolean> {
  const { tenantId, userId, requestId, passwordSealed } = upload
  if (earlier.failureCode !== 'encrypted' || !passwordSealed) return false
  await replacePassword(tx, { tenantId, id: earlier.id, passwordSealed })
  const job = { tenantId, documentId: earlier.id, jobId: uuidv7(), userId, requestId }
  return reprocessDocument(tx, job)
}

/** Does a row name this stored object? */
export async function isNamed(db: Db, tenantId: string, stored: StoredObject): Promise<boolean> {
  const { sha256, storageKey } = stored
  const rows = await db
    .select({ storageKey: blobs.storageKey })
    .from(blobs)
    .where(and(eq(blobs.tenantId, tenantId), eq(blobs.sha256, sha256)))
  return rows.some((row) => row.storageKey === storageKey)
}
