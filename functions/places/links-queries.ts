import { and, asc, eq, gt, isNull, type SQL } from 'drizzle-orm'
import type { Db, Tx } from '../../db/client.ts'
import { documents } from '../../db/schema/documents.ts'
import { placeDocuments, places } from '../../db/schema/places.ts'

const links = placeDocuments

type Link = { tenantId: string; placeId: string; documentId: string }

const owned = ({ tenantId, placeId, documentId }: Link): SQL | undefined =>
  and(eq(links.tenantId, tenantId), eq(links.placeId, placeId), eq(links.documentId, documentId))

/** A link as it is shown, of a document that is not in the trash. */
const shownLinks = (db: Db | Tx) =>
  db
    .select({
      documentId: links.documentId,
      filename: documents.filename,
      title: documents.title,
      pages: links.pages,
      note: links.note,
      source: links.source,
      createdByUserId: links.createdByUserId,
      createdAt: links.createdAt,
    })
    .from(links)
    .innerJoin(
      documents,
      and(
        eq(documents.tenantId, links.tenantId),
        eq(documents.id, links.documentId),
        isNull(documents.trashedAt),
      ),
    )

export type LinkRow = Awaited<ReturnType<typeof shownLinks>>[number]

type ListLinks = { tenantId: string; placeId: string; after: string | null; limit: number }

/** By document, the oldest first: ids are UUIDv7. */
export const listLinkRows = (db: Db, { tenantId, placeId, after, limit }: ListLinks) =>
  shownLinks(db)
    .where(
      and(
        eq(links.tenantId, tenantId),
        eq(links.placeId, placeId),
        after === null ? undefined : gt(links.documentId, after),
      ),
    )
    .orderBy(asc(links.documentId))
    .limit(limit)

export async function findLink(tx: Tx, link: Link): Promise<LinkRow | null> {
  const [row] = await shownLinks(tx).where(owned(link))
  return row ?? null
}

/** The place, held, so that it cannot go before what points to it is there. */
export async function keepPlace(tx: Tx, tenantId: string, id: string): Promise<boolean> {
  const rows = await tx
    .select({ id: places.id })
    .from(places)
    .where(and(eq(places.tenantId, tenantId), eq(places.id, id)))
    .for('key share')
  return rows.length > 0
}

/** A document, held likewise. */
export async function keepDocument(tx: Tx, tenantId: string, id: string) {
  const { pageCount, trashedAt } = documents
  const [row] = await tx
    .select({ pageCount, trashedAt })
    .from(documents)
    .where(and(eq(documents.tenantId, tenantId), eq(documents.id, id)))
    .for('key share')
  return row ?? null
}

type SaveLink = Link & { pages: number[]; note: string; userId: string; at: Date }

/** Links the two, or gives their link other pages and another note: no suggestion that is taken back takes those along. */
export async function saveLink(tx: Tx, { pages, note, userId, at, ...link }: SaveLink) {
  await tx
    .insert(links)
    .values({ ...link, pages, note, source: 'user', createdByUserId: userId, createdAt: at })
    .onConflictDoUpdate({
      target: [links.tenantId, links.placeId, links.documentId],
      set: { pages, note, source: 'user' },
    })
}

/** @returns `false`: there was none */
export async function deleteLink(tx: Tx, link: Link): Promise<boolean> {
  const gone = await tx.delete(links).where(owned(link)).returning({ id: links.placeId })
  return gone.length > 0
}
