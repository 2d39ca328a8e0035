import { and, desc, eq, getTableColumns, isNotNull, isNull, lt, type SQL, sql } from 'drizzle-orm'
import { batchReads, type ReadById } from '../../db/batch.ts'
import type { Db, Tx } from '../../db/client.ts'
import { blobs, documents, documentTags } from '../../db/schema/index.ts'
import { hasTag, tagsColumn } from './tag-queries.ts'

// A sealed password leaves the database only for the worker.
const { passwordSealed: _, tenantId: __, ...shown } = getTableColumns(documents)
const columns = { ...shown, bytes: blobs.bytes, storageKey: blobs.storageKey, tags: tagsColumn }
const bytesOfDocument = and(
  eq(blobs.tenantId, documents.tenantId),
  eq(blobs.sha256, documents.sha256),
)

export type DocumentRow = Awaited<ReturnType<typeof findDocument>> & object

/** Batched reader of single documents; make it once. An id without a row gives `null`. */
export function documentReader(db: Db): ReadById<DocumentRow> {
  const statement = db
    .select(columns)
    .from(documents)
    .innerJoin(blobs, bytesOfDocument)
    .where(
      and(
        eq(documents.tenantId, sql.placeholder('tenantId')),
        sql`${documents.id} = any(${sql.placeholder('ids')}::uuid[])`,
      ),
    )
    .prepare('read_documents')
  return batchReads<DocumentRow>({
    read: (tenantId, ids) => statement.execute({ tenantId, ids: `{${ids.join(',')}}` }),
    idOf: (row) => row.id,
  })
}

/** One document inside a transaction, where a batch of other callers would see other data. */
export async function findDocument(db: Db | Tx, tenantId: string, id: string) {
  const [row] = await db
    .select(columns)
    .from(documents)
    .innerJoin(blobs, bytesOfDocument)
    .where(and(eq(documents.tenantId, tenantId), eq(documents.id, id)))
  return row ?? null
}

type ListDocuments = {
  tenantId: string
  filter: { [K in 'userId' | 'status' | 'kind' | 'language']?: DocumentRow[K] | undefined }
  isTrashed: boolean
  /** Folded; a document is listed when it has all of them. */
  tags: readonly string[]
  before: string | null // id; ids of UUIDv7 sort by time
  limit: number
}

/** Newest first. */
export async function listDocuments(
  db: Db,
  { tenantId, filter, isTrashed, tags, before, limit }: ListDocuments,
): Promise<DocumentRow[]> {
  const where: (SQL | undefined)[] = [
    eq(documents.tenantId, tenantId),
    isTrashed ? isNotNull(documents.trashedAt) : isNull(documents.trashedAt),
    filter.userId === undefined ? undefined : eq(documents.userId, filter.userId),
    filter.status === undefined ? undefined : eq(documents.status, filter.status),
    filter.kind === undefined ? undefined : eq(documents.kind, filter.kind),
    filter.language ? eq(documents.language, filter.language) : undefined,
    before === null ? undefined : lt(documents.id, before),
  ]
  const [first, ...others] = tags
  for (const folded of others) where.push(hasTag(db, tenantId, folded))
  const listed = db.select(columns).from(documents).innerJoin(blobs, bytesOfDocument).$dynamic()
  // One tag is joined: its index gives the newest documents that have it, however rare it is.
  if (first !== undefined) listed.innerJoin(documentTags, documentOfTag(tenantId, first))
  return listed
    .where(and(...where))
    .orderBy(desc(documents.id))
    .limit(limit)
}

const documentOfTag = (tenantId: string, folded: string) =>
  and(
    eq(documentTags.tenantId, tenantId),
    eq(documentTags.folded, folded),
    eq(documentTags.documentId, documents.id),
  )

/** Locks the row until commit, so that what is decided by its version still holds when it is written. */
export async function lockDocument(tx: Tx, tenantId: string, id: string) {
  const [row] = await tx
    .select({
      id: documents.id,
      userId: documents.userId,
      version: documents.version,
      status: documents.status,
      jobId: documents.jobId,
      filename: documents.filename,
      trashedAt: documents.trashedAt,
      sha256: documents.sha256,
      fileVersion: documents.fileVersion,
    })
    .from(documents)
    .where(and(eq(documents.tenantId, tenantId), eq(documents.id, id)))
    .for('update')
  return row ?? null
}

type Change = { tenantId: string; id: string; filename: string; at: Date }

/** Names a document, which makes a new version of it also when the name is the one that it has. */
export async function saveDocument(tx: Tx, { tenantId, id, filename, at }: Change) {
  await tx
    .update(documents)
    .set({ filename, updatedAt: at, version: sql`${documents.version} + 1` })
    .where(and(eq(documents.tenantId, tenantId), eq(documents.id, id)))
}

type NewPassword = { tenantId: string; id: string; passwordSealed: Uint8Array }

export async function replacePassword(tx: Tx, { tenantId, id, passwordSealed }: NewPassword) {
  await tx
    .update(documents)
    .set({ passwordSealed })
    .where(and(eq(documents.tenantId, tenantId), eq(documents.id, id)))
}
