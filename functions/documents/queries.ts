import { and, desc, eq, getTableColumns, isNotNull, isNull, lt, type SQL, sql } from 'drizzle-orm'
import { batchReads, type ReadById } from '../../db/batch.ts'
import type { Db, Tx } from '../../db/client.ts'
import { blobs, documents, documentTags } from '../../db/schema/index.ts'
import { hasTag } from './tag-queries.ts'

// A sealed password leaves the database only for the worker.
const { passwordSealed: _, tenantId: __, ...shown } = getTableColumns(documents)
const columns = { ...shown, bytes: blobs.bytes, storageKey: blobs.storageKey }
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
export const listDocuments = (db: Db, list: ListDocuments): Promise<DocumentRow[]> =>
  list.tags.length === 0
    ? listedRows(db, list)
    : db.transaction(async (tx) => {
        // Planned anew for each: what is good for a rare tag takes seconds for a common one, and the other way round.
        await tx.execute(sql`set local plan_cache_mode = force_custom_plan`)
        return listedRows(tx, list)
      })

async function listedRows(
  db: Db | Tx,
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
  // Looked up for each row that is listed: as a join, a plan made while there were no files read all of a tenant's.
  const { bytes, storageKey } = blobs
  const found = db.select({ bytes, storageKey }).from(blobs).where(bytesOfDocument).limit(1)
  const file = found.as('file')
  const listed = db
    .select({ ...shown, bytes: file.bytes, storageKey: file.storageKey })
    .from(documents)
    .innerJoinLateral(file, sql`true`)
    .$dynamic()
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

type Change = { tenantId: string; id: string; filename: string; tags?: string[]; at: Date }

/** Names a document, and shows these tags of it: a new version, also when the name is the one that it has. */
export async function saveDocument(tx: Tx, { tenantId, id, at, ...change }: Change) {
  await tx
    .update(documents)
    .set({ ...change, updatedAt: at, version: sql`${documents.version} + 1` })
    .where(and(eq(documents.tenantId, tenantId), eq(documents.id, id)))
}

type NewPassword = { tenantId: string; id: string; passwordSealed: Uint8Array }

export async function replacePassword(tx: Tx, { tenantId, id, passwordSealed }: NewPassword) {
  await tx
    .update(documents)
    .set({ passwordSealed })
    .where(and(eq(documents.tenantId, tenantId), eq(documents.id, id)))
}
