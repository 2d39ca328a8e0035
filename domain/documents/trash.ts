import { and, eq, isNotNull, isNull, sql } from 'drizzle-orm'
import type { Db, Tx } from '../../db/client.ts'
import { documents } from '../../db/schema/documents.ts'
import { listExpiredTrash } from '../../db/system.ts'
import { appendAudit } from '../audit/append.ts'
import { publishChange } from '../webhooks/publish.ts'
import { removeDocument } from './removal.ts'

type Move = { tenantId: string; id: string; isTrashed: boolean; at: Date }

/**
 * Puts a document into the trash or takes it out. Its run goes on: what it reads is there after a restore.
 * @returns `false`: it lies where it shall lie already
 */
export async function moveDocument(tx: Tx, { tenantId, id, isTrashed, at }: Move) {
  const { trashedAt, version } = documents
  const elsewhere = isTrashed ? isNull(trashedAt) : isNotNull(trashedAt)
  const moved = await tx
    .update(documents)
    .set({ trashedAt: isTrashed ? at : null, updatedAt: at, version: sql`${version} + 1` })
    .where(and(eq(documents.tenantId, tenantId), eq(documents.id, id), elsewhere))
    .returning({ id: documents.id })
  if (moved.length === 0) return false
  const type = isTrashed ? 'document.trashed' : 'document.restored'
  await publishChange(tx, { tenantId, type, subjectId: id, data: {} })
  return true
}

type Emptying = {
  /** Documents that were put into the trash before this are removed. */
  before: Date
  at: Date
  signal: AbortSignal
  onFailure(documentId: string, err: unknown): void
}

const removedPerRead = 100

/**
 * Removes for good what has lain in the trash long enough, a transaction each. Any number of workers may do it at once.
 * @returns how many went; one that cannot be removed does not keep the others
 */
export async function emptyTrash(db: Db, emptying: Emptying): Promise<number> {
  let removed = 0
  for (let removedBefore = -1; removed > removedBefore; ) {
    removedBefore = removed
    const found = await listExpiredTrash(db, { before: emptying.before, limit: removedPerRead })
    for (const document of found) {
      if (emptying.signal.aborted) return removed
      if (await removeTrashed(db, document, emptying)) removed += 1
    }
  }
  return removed
}

type Trashed = { tenantId: string; documentId: string }

async function removeTrashed(
  db: Db,
  { tenantId, documentId }: Trashed,
  { before, at, onFailure }: Emptying,
): Promise<boolean> {
  const removal = { tenantId, documentId, requestId: null, versions: null, trashedBefore: before }
  const entry = { tenantId, subjectType: 'document', subjectId: documentId, requestId: null, at }
  try {
    return await db.transaction(async (tx) => {
      if (!(await removeDocument(tx, removal))) return false
      const detail = { reason: 'trash' }
      await appendAudit(tx, { ...entry, action: 'document.deleted', actor: null, detail })
      return true
    })
  } catch (err) {
    onFailure(documentId, err)
    return false
  }
}
