import { and, asc, eq, isNotNull, isNull } from 'drizzle-orm'
import type { Db, Tx } from '../../db/client.ts'
import { documents, type FailureCode } from '../../db/schema/documents.ts'
import { pageImages } from '../../db/schema/page-images.ts'
import { findSource } from './source.ts'

/** Pictures of one document that one job draws. */
export type DrawingWork = { tenantId: string; documentId: string; jobId: string }

export type WantedImage = { number: number; widthPixels: number }

const open = ({ tenantId, documentId, jobId }: DrawingWork) =>
  and(
    eq(pageImages.tenantId, tenantId),
    eq(pageImages.documentId, documentId),
    eq(pageImages.jobId, jobId),
    isNull(pageImages.storageKey),
    isNull(pageImages.failureCode),
  )

const wanted = (work: DrawingWork, { number, widthPixels }: WantedImage) =>
  and(open(work), eq(pageImages.number, number), eq(pageImages.widthPixels, widthPixels))

/** The file to draw from, and what is still to be drawn of it; `null`: nothing, or the document is gone or has another file. */
export async function findDrawingWork(db: Db, work: DrawingWork) {
  const images = await db
    .select({ number: pageImages.number, widthPixels: pageImages.widthPixels })
    .from(pageImages)
    .innerJoin(
      documents,
      and(
        eq(documents.tenantId, pageImages.tenantId),
        eq(documents.id, pageImages.documentId),
        eq(documents.sha256, pageImages.fileSha256),
      ),
    )
    .where(open(work))
    .orderBy(asc(pageImages.number), asc(pageImages.widthPixels))
  if (images.length === 0) return null
  const { tenantId, documentId } = work
  const mine = and(eq(documents.tenantId, tenantId), eq(documents.id, documentId))
  const source = await findSource(db, mine)
  return source ? { source, images } : null
}

export type DrawnImage = { storageKey: string; sha256: Uint8Array; bytes: number }

/** @returns `false`: nobody waits for this picture any more, or another attempt was faster; its bytes are not needed */
export async function keepDrawnImage(
  db: Db,
  work: DrawingWork,
  { image, drawn }: { image: WantedImage; drawn: DrawnImage },
): Promise<boolean> {
  const kept = await db
    .update(pageImages)
    .set(drawn)
    .where(wanted(work, image))
    .returning({ number: pageImages.number })
  return kept.length > 0
}

/** Notes that a page has no picture, for those who wait for it. */
export async function failDrawnImage(
  db: Db,
  work: DrawingWork,
  { image, failureCode }: { image: WantedImage; failureCode: FailureCode },
): Promise<void> {
  await db.update(pageImages).set({ failureCode }).where(wanted(work, image))
}

/**
 * Storage keys of all pictures of a document that is about to be deleted, whose rows go with its own. The document is
 * locked, so that none is added afterwards.
 */
export async function lockPageImageKeys(
  tx: Tx,
  { tenantId, documentId }: { tenantId: string; documentId: string },
): Promise<string[]> {
  await tx
    .select({ id: documents.id })
    .from(documents)
    .where(and(eq(documents.tenantId, tenantId), eq(documents.id, documentId)))
    .for('update')
  return keysOf(
    await tx
      .select({ storageKey: pageImages.storageKey })
      .from(pageImages)
      .where(
        and(
          eq(pageImages.tenantId, tenantId),
          eq(pageImages.documentId, documentId),
          isNotNull(pageImages.storageKey),
        ),
      ),
  )
}

/** Storage keys of all pictures of a tenant. */
export async function pageImageKeysOfTenant(tx: Tx, tenantId: string): Promise<string[]> {
  return keysOf(
    await tx
      .select({ storageKey: pageImages.storageKey })
      .from(pageImages)
      .where(and(eq(pageImages.tenantId, tenantId), isNotNull(pageImages.storageKey))),
  )
}

const keysOf = (rows: { storageKey: string | null }[]): string[] =>
  rows.flatMap(({ storageKey }) => (storageKey === null ? [] : [storageKey]))
