import { and, eq, type SQL, sql } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import type { Db, Tx } from '../../db/client.ts'
import { documentPages, documents } from '../../db/schema/index.ts'
import type { Lease } from '../jobs/lease.ts'
import { type PartJobKind, partJobKinds } from '../jobs/part-kinds.ts'
import { waitForParts } from '../jobs/parts.ts'
import { addMs, type DocumentOfJob, type PageRow, writeDocument } from './processing.ts'

/** Reads one page of a document whose own job waits for it. */
export const pageJobKind: PartJobKind = partJobKinds[0]

// Behind the text layers of other documents, which take a hundredth of the time.
const pagePriority = -10

type Document = { tenantId: string; documentId: string }

const pagesOf = ({ tenantId, documentId }: Document) =>
  and(eq(documentPages.tenantId, tenantId), eq(documentPages.documentId, documentId))
const pendingOf = (of: Document) => and(pagesOf(of), eq(documentPages.pending, true))

/** Numbers of the pages that are to be read one by one, in order. */
export async function pendingPages(db: Db | Tx, of: Document): Promise<number[]> {
  const rows = await db
    .select({ number: documentPages.number })
    .from(documentPages)
    .where(pendingOf(of))
    .orderBy(documentPages.number)
  return rows.map(({ number }) => number)
}

type Division = {
  pages: readonly number[] // at least one
  pagesMax: number
  spentMs: number
}

/**
 * Divides the document's job into one for each of these pages; those over the limit keep the text that they have.
 * @throws {DocumentGone} @throws {LeaseLost}
 */
export async function divideIntoPages(
  tx: Tx,
  { of, lease }: { of: DocumentOfJob; lease: Lease },
  { pages, pagesMax, spentMs }: Division,
): Promise<void> {
  const over = pages.slice(pagesMax)
  const parts = pages
    .slice(0, pagesMax)
    .map((page) => ({ id: uuidv7(), payload: { page, run: of.jobId } }))
  await waitForParts(tx, lease, { kind: pageJobKind, parts, priority: pagePriority })
  await writeDocument(tx, of, {
    extractionMs: addMs(spentMs),
    pagesDone: sql`${documents.pagesDone} + ${over.length}::int`,
  })
  const [first] = over
  if (first === undefined) return
  await tx
    .update(documentPages)
    .set({ pending: false, textChoice: 'text_layer', textReason: 'over_ocr_page_limit' })
    .where(and(pendingOf(of), sql`${documentPages.number} >= ${first}::int`))
}

/**
 * Stores a page that was read by itself, once: what is not awaited any more stays as it is.
 * @throws {DocumentGone}
 */
export async function storePage(
  tx: Tx,
  of: DocumentOfJob,
  { page, spentMs }: { page: PageRow; spentMs: number },
): Promise<void> {
  const { number, failureCode, ...read } = page
  const awaited = and(pendingOf(of), eq(documentPages.number, number))
  await writeDocument(tx, of, {
    status: 'processing',
    pagesDone: sql`${documents.pagesDone} + ${countOf(awaited)}`,
    extractionMs: addMs(spentMs),
  })
  // Of a page that failed, the text layer that was read before is better than nothing.
  const change = failureCode ? { failureCode } : { ...read, failureCode: null }
  await tx
    .update(documentPages)
    .set({ ...change, pending: false })
    .where(awaited)
}

/** The parts have ended: what is still awaited was lost with the last attempt of its job. */
export async function giveUpPendingPages(tx: Tx, of: DocumentOfJob): Promise<void> {
  await tx
    .update(documentPages)
    .set({ pending: false, failureCode: 'timeout' })
    .where(pendingOf(of))
}

/**
 * Marks the pages of a document that failed, or that a cancelled run left, as to be read. Progress goes back by them.
 * @returns how many pages there are to read, with those that were never stored
 */
export async function reopenUnreadPages(tx: Tx, of: Document): Promise<number> {
  await tx
    .update(documentPages)
    .set({ pending: true, failureCode: null })
    .where(and(pagesOf(of), sql`${documentPages.failureCode} is not null`))
  const [row] = await tx
    .update(documents)
    .set({ pagesDone: countOf(and(pagesOf(of), eq(documentPages.pending, false))) })
    .where(and(eq(documents.tenantId, of.tenantId), eq(documents.id, of.documentId)))
    .returning({
      unread: sql<number>`coalesce(${documents.pageCount}, 0) - ${documents.pagesDone}`,
    })
  return row?.unread ?? 0
}

const countOf = (condition: SQL | undefined): SQL =>
  sql`(select count(*)::int from ${documentPages} where ${condition})`
