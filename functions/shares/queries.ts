import { and, asc, desc, eq, gt, inArray, isNull, lt } from 'drizzle-orm'
import type { Db, Tx } from '../../db/client.ts'
import { blobs, documentPages, documents, shares, users } from '../../db/schema/index.ts'

// The hash of the secret leaves the database only to be compared.
const shown = {
  id: shares.id,
  documentId: shares.documentId,
  userId: shares.userId,
  allowDownload: shares.allowDownload,
  expiresAt: shares.expiresAt,
  createdAt: shares.createdAt,
}

const owned = (tenantId: string, id: string) =>
  and(eq(shares.tenantId, tenantId), eq(shares.id, id))

export type ShareRow = NonNullable<Awaited<ReturnType<typeof findShare>>>

export async function findShare(db: Db | Tx, tenantId: string, id: string) {
  const [row] = await db.select(shown).from(shares).where(owned(tenantId, id))
  return row ?? null
}

/** Is there such a document, and since when does it lie in the trash? */
export async function findSharedDocument(tx: Tx, tenantId: string, id: string) {
  const [row] = await tx
    .select({ trashedAt: documents.trashedAt })
    .from(documents)
    .where(and(eq(documents.tenantId, tenantId), eq(documents.id, id)))
  return row ?? null
}

export async function insertShare(tx: Tx, row: typeof shares.$inferInsert): Promise<ShareRow> {
  const [made] = await tx.insert(shares).values(row).returning(shown)
  if (!made) throw new Error('an insert returned no row')
  return made
}

/** @returns what was revoked; `null`: there was nothing */
export async function deleteShare(tx: Tx, tenantId: string, id: string): Promise<ShareRow | null> {
  const [gone] = await tx.delete(shares).where(owned(tenantId, id)).returning(shown)
  return gone ?? null
}

type ListShares = {
  tenantId: string
  documentId: string | undefined
  userId: string | undefined
  before: string | null // id; ids of UUIDv7 sort by time
  limit: number
}

/** Newest first. */
export const listShareRows = (
  db: Db,
  { tenantId, documentId, userId, before, limit }: ListShares,
): Promise<ShareRow[]> =>
  db
    .select(shown)
    .from(shares)
    .where(
      and(
        eq(shares.tenantId, tenantId),
        documentId === undefined ? undefined : eq(shares.documentId, documentId),
        userId === undefined ? undefined : eq(shares.userId, userId),
        before === null ? undefined : lt(shares.id, before),
      ),
    )
    .orderBy(desc(shares.id))
    .limit(limit)

export type OpenShare = NonNullable<Awaited<ReturnType<typeof findOpenShare>>>

/**
 * A link that has not expired with its document, which is not in the trash, when who made the link may still give it:
 * their user is neither disabled nor less than an editor by now.
 */
export async function findOpenShare(
  db: Db,
  { tenantId, id, at }: { tenantId: string; id: string; at: Date },
) {
  const [row] = await db
    .select({
      id: shares.id,
      tenantId: shares.tenantId,
      secretSha256: shares.secretSha256,
      allowDownload: shares.allowDownload,
      expiresAt: shares.expiresAt,
      documentId: documents.id,
      filename: documents.filename,
      mediaType: documents.mediaType,
      kind: documents.kind,
      status: documents.status,
      pageCount: documents.pageCount,
      sha256: documents.sha256,
      bytes: blobs.bytes,
      storageKey: blobs.storageKey,
    })
    .from(shares)
    .innerJoin(
      documents,
      and(eq(documents.tenantId, shares.tenantId), eq(documents.id, shares.documentId)),
    )
    .innerJoin(blobs, and(eq(blobs.tenantId, shares.tenantId), eq(blobs.sha256, documents.sha256)))
    .innerJoin(users, and(eq(users.tenantId, shares.tenantId), eq(users.id, shares.userId)))
    .where(
      and(
        owned(tenantId, id),
        gt(shares.expiresAt, at),
        isNull(documents.trashedAt),
        isNull(users.disabledAt),
        inArray(users.role, ['admin', 'editor']),
      ),
    )
  return row ?? null
}

type SomePages = { tenantId: string; documentId: string; after: number; limit: number }

/** In order, from the page after `after`. */
export const listTextPages = (db: Db, { tenantId, documentId, after, limit }: SomePages) =>
  db
    .select({ number: documentPages.number, text: documentPages.text })
    .from(documentPages)
    .where(
      and(
        eq(documentPages.tenantId, tenantId),
        eq(documentPages.documentId, documentId),
        gt(documentPages.number, after),
      ),
    )
    .orderBy(asc(documentPages.number))
    .limit(limit)
