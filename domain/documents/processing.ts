import { and, eq, inArray, lte, type SQL, sql } from 'drizzle-orm'
import type { Db, Tx } from '../../db/client.ts'
import { documentPages, documents, type FailureCode } from '../../db/schema/index.ts'
import { batchJobPriority } from '../batches/kinds.ts'
import { JobMoot } from '../jobs/outcome.ts'
import { enqueueJob } from '../jobs/queue.ts'
import { publishChange } from '../webhooks/publish.ts'
import { guessLanguage } from './language.ts'
import { findSource } from './source.ts'

/** Kinds of background work that other parts enqueue. */
export const extractionJobKind = 'documents.extract'
export const blobDeletionJobKind = 'blobs.delete'

// Enough text to tell the language by, and the same text whoever finishes the document.
const languagePagesMax = 10
const languageCharactersPerPage = 2_000

/** A document and the job that may write to it: a document follows only its current job. */
export type DocumentOfJob = { tenantId: string; documentId: string; jobId: string }

/** The document was deleted, or another job has taken its place: there is nothing left to write to. */
export class DocumentGone extends JobMoot {
  constructor({ documentId }: DocumentOfJob) {
    super(`Document ${documentId} is gone or belongs to a later job.`)
    this.name = 'DocumentGone'
  }
}

// Open as well: parts of a job may still run when it has ended.
const ofJob = ({ tenantId, documentId, jobId }: DocumentOfJob) =>
  and(
    eq(documents.tenantId, tenantId),
    eq(documents.id, documentId),
    eq(documents.jobId, jobId),
    inArray(documents.status, ['pending', 'processing']),
  )

const grow = { version: sql`${documents.version} + 1`, updatedAt: sql`clock_timestamp()` }

/** What reading a document needs. @throws {DocumentGone} */
export async function findDocumentSource(db: Db, of: DocumentOfJob) {
  const row = await findSource(db, ofJob(of))
  if (!row) throw new DocumentGone(of)
  return row
}

/** The first page that is not stored: where an attempt goes on after one that died. */
export async function firstMissingPage(
  db: Db,
  { tenantId, documentId }: { tenantId: string; documentId: string },
): Promise<number> {
  const [row] = await db.execute<{ number: number }>(sql`
    select coalesce(max(number), 0) + 1 as number from ${documentPages}
    where tenant_id = ${tenantId} and document_id = ${documentId}`)
  return row?.number ?? 1
}

export type DocumentHeader = { pageCount: number; title: string | null; author: string | null }

/**
 * Processing has begun and the number of pages is known. `restart` drops the pages of an earlier run in the same
 * transaction, so that a reader sees all of the old pages before it and none of them after.
 * @throws {DocumentGone}
 */
export async function beginPages(
  tx: Tx,
  of: DocumentOfJob,
  { pageCount, title, author, restart }: DocumentHeader & { restart: boolean },
): Promise<void> {
  const progress = restart ? { pagesDone: 0, extractionMs: 0 } : {}
  await writeDocument(tx, of, { status: 'processing', pageCount, title, author, ...progress })
  if (!restart) return
  const { tenantId, documentId } = of
  await tx
    .delete(documentPages)
    .where(and(eq(documentPages.tenantId, tenantId), eq(documentPages.documentId, documentId)))
}

export type PageRow = Omit<typeof documentPages.$inferInsert, 'tenantId' | 'documentId' | 'search'>

/**
 * Stores pages that follow each other, and the progress. Pages that are there already stay as they are; of none,
 * the time that was spent is added.
 * @param spentMs working time since the last call; a document's `extraction_ms` is the sum over all attempts
 * @throws {DocumentGone}
 */
export async function appendPages(
  tx: Tx,
  of: DocumentOfJob,
  { pages, spentMs }: { pages: readonly PageRow[]; spentMs: number },
): Promise<void> {
  await writeDocument(tx, of, {
    pagesDone: sql`${documents.pagesDone} + ${newlyDone(of, pages)}`,
    extractionMs: addMs(spentMs),
  })
  if (pages.length === 0) return
  const { tenantId, documentId } = of
  await tx
    .insert(documentPages)
    .values(pages.map((page) => ({ ...page, tenantId, documentId })))
    .onConflictDoNothing()
}

/** How many of these pages are read, and were not stored before. */
function newlyDone({ tenantId, documentId }: DocumentOfJob, pages: readonly PageRow[]): SQL {
  const read = pages.filter(({ pending }) => !pending).map(({ number }) => number)
  return sql`(select count(*)::int from unnest(${`{${read.join(',')}}`}::int[]) n(number)
    where not exists (select from ${documentPages} p where p.tenant_id = ${tenantId}
      and p.document_id = ${documentId} and p.number = n.number))`
}

/**
 * All pages are stored: the document is complete. Its sealed password stays, because a reprocess needs it again.
 * @returns the code of the first page's failure when no page at all could be read; then nothing is changed
 * @throws {DocumentGone}
 */
export async function finishPages(
  tx: Tx,
  of: DocumentOfJob,
  spentMs: number,
): Promise<FailureCode | null> {
  const { tenantId, documentId } = of
  const mine = and(eq(documentPages.tenantId, tenantId), eq(documentPages.documentId, documentId))
  const [counts] = await tx
    .select({
      readable: sql<number>`(count(*) filter (
        where ${documentPages.failureCode} is null or ${documentPages.text} <> ''))::int`,
      failure: sql<FailureCode | null>`min(${documentPages.failureCode})`,
    })
    .from(documentPages)
    .where(mine)
  if (counts?.readable === 0 && counts.failure !== null) return counts.failure
  const source = await textSourceOf(tx, of)
  const sample = await tx
    .select({ text: sql<string>`left(${documentPages.text}, ${languageCharactersPerPage}::int)` })
    .from(documentPages)
    .where(and(mine, lte(documentPages.number, languagePagesMax)))
    .orderBy(documentPages.number)
  const { pageCount } = await writeDocument(tx, of, {
    ...source,
    status: 'completed',
    pagesDone: sql`${documents.pageCount}`,
    language: guessLanguage(sample.map((page) => page.text).join('\n')),
    extractionMs: addMs(spentMs),
  })
  const completed = { type: 'document.completed', data: { page_count: pageCount } } as const
  await publishChange(tx, { tenantId, subjectId: documentId, ...completed })
  return null
}

/** The one source of all pages that are not blank, or that they differ. */
async function textSourceOf(tx: Tx, { tenantId, documentId }: DocumentOfJob) {
  const { textChoice, textReason } = documentPages
  const sources = await tx
    .selectDistinct({ textChoice, textReason })
    .from(documentPages)
    .where(and(eq(documentPages.tenantId, tenantId), eq(documentPages.documentId, documentId)))
  const known = sources.filter((source) => source.textChoice !== null)
  const written = known.filter((source) => source.textReason !== 'blank')
  const [first, ...others] = written.length > 0 ? written : known
  if (!first || others.length === 0) return first ?? { textChoice: null, textReason: null }
  const isOneChoice = others.every((source) => source.textChoice === first.textChoice)
  return {
    textChoice: isOneChoice ? first.textChoice : ('mixed' as const),
    textReason: 'pages_differ' as const,
  }
}

export const addMs = (spentMs: number) =>
  sql`coalesce(${documents.extractionMs}, 0) + ${Math.round(spentMs)}::int`

type Change = Parameters<ReturnType<Tx['update']>['set']>[0]

/** Changes the document of an open run, and its version. @throws {DocumentGone} */
export async function writeDocument(tx: Tx, of: DocumentOfJob, change: Change) {
  const [row] = await tx
    .update(documents)
    .set({ ...change, ...grow })
    .where(ofJob(of))
    .returning({ pageCount: documents.pageCount })
  if (!row) throw new DocumentGone(of)
  return row
}

export type Reprocess = {
  tenantId: string
  documentId: string
  jobId: string // UUIDv7 of the new job
  userId?: string
  requestId?: string
  batchId?: string // of which it is an item; it then comes behind what people upload
  /** `unread`: go on at the first page that is not stored, and read those that are awaited. Default: all anew. */
  pages?: 'all' | 'unread'
}

/**
 * Has a document read again. It belongs to the new job from this transaction on, so whatever an earlier job still does
 * touches nothing; its pages stay readable, whole, until the new run has its first one.
 * @returns `false`: there is no such document
 */
export async function reprocessDocument(
  tx: Tx,
  { tenantId, documentId, jobId, batchId, userId, requestId, pages = 'all' }: Reprocess,
): Promise<boolean> {
  const rows = await tx
    .update(documents)
    .set({ status: 'pending', jobId, failureCode: null, failureMessage: null, ...grow })
    .where(and(eq(documents.tenantId, tenantId), eq(documents.id, documentId)))
    .returning({ id: documents.id })
  if (rows.length === 0) return false
  await enqueueJob(tx, {
    tenantId,
    id: jobId,
    kind: extractionJobKind,
    subjectId: documentId,
    payload: pages === 'all' ? { restart: true } : {},
    ...(batchId && {
      batchId,
      priority: batchJobPriority,
      payload: { restart: true, batch: true },
    }),
    ...(userId && { userId }),
    ...(requestId && { requestId }),
  })
  return true
}
