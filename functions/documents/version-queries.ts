import { and, desc, eq, lt } from 'drizzle-orm'
import type { Db, Tx } from '../../db/client.ts'
import { documentVersions } from '../../db/schema/document-versions.ts'
import { blobs } from '../../db/schema/documents.ts'
import type { DocumentRow } from './queries.ts'

const columns = {
  documentId: documentVersions.documentId,
  number: documentVersions.number,
  filename: documentVersions.filename,
  mediaType: documentVersions.mediaType,
  kind: documentVersions.kind,
  sha256: documentVersions.sha256,
  pageCount: documentVersions.pageCount,
  userId: documentVersions.userId,
  createdAt: documentVersions.createdAt,
  bytes: blobs.bytes,
  storageKey: blobs.storageKey,
}

const bytesOfVersion = and(
  eq(blobs.tenantId, documentVersions.tenantId),
  eq(blobs.sha256, documentVersions.sha256),
)

type OfDocument = { tenantId: string; document: DocumentRow }

const storedRows = (
  db: Db,
  { tenantId, documentId, before, limit }: Position & { tenantId: string; documentId: string },
) =>
  db
    .select(columns)
    .from(documentVersions)
    .innerJoin(blobs, bytesOfVersion)
    .where(
      and(
        eq(documentVersions.tenantId, tenantId),
        eq(documentVersions.documentId, documentId),
        before === null ? undefined : lt(documentVersions.number, before),
      ),
    )
    .orderBy(desc(documentVersions.number))
    .limit(limit)

type StoredRow = Awaited<ReturnType<typeof storedRows>>[number]
export type VersionRow = StoredRow & { isCurrent: boolean }
type Position = { before: number | null; limit: number }

/** The current file, under the name and with the pages that the document has now. */
function currentVersion(document: DocumentRow, stored: StoredRow | undefined): VersionRow {
  const { id: documentId, fileVersion: number, userId, createdAt } = document
  return { ...document, documentId, userId, createdAt, ...stored, ...shownOf(document), number }
}

const shownOf = ({ filename, pageCount }: DocumentRow) => ({ filename, pageCount, isCurrent: true })

/** Newest first. A document that never had another file has no rows: its one version is made of itself. */
export async function listVersionRows(
  db: Db,
  { tenantId, document, before, limit }: OfDocument & Position,
): Promise<VersionRow[]> {
  const rows = await storedRows(db, { tenantId, documentId: document.id, before, limit })
  if (rows.length === 0 && before === null) return [currentVersion(document, undefined)]
  return rows.map((row) =>
    row.number === document.fileVersion
      ? currentVersion(document, row)
      : { ...row, isCurrent: false },
  )
}

/** What a version's bytes are sent by; `null`: there is no such version. */
export async function findVersionFile(
  db: Db,
  { tenantId, document, number }: OfDocument & { number: number },
) {
  if (number === document.fileVersion) return document
  const [row] = await db
    .select(columns)
    .from(documentVersions)
    .innerJoin(blobs, bytesOfVersion)
    .where(ofVersion({ tenantId, documentId: document.id, number }))
  return row ?? null
}

type OfVersion = { tenantId: string; documentId: string; number: number }

const ofVersion = ({ tenantId, documentId, number }: OfVersion) =>
  and(
    eq(documentVersions.tenantId, tenantId),
    eq(documentVersions.documentId, documentId),
    eq(documentVersions.number, number),
  )

/** What a version is made the current one by. A stored version never changes its bytes. */
export async function findVersion(tx: Tx, of: OfVersion) {
  const { filename, mediaType, kind, sha256, passwordSealed } = documentVersions
  const [row] = await tx
    .select({ filename, mediaType, kind, sha256, passwordSealed })
    .from(documentVersions)
    .where(ofVersion(of))
  return row ?? null
}
