import { and, eq } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import type { Db } from '../../db/client.ts'
import { blobs, documents, jobs, pageImages } from '../../db/schema/index.ts'
import {
  appendPages,
  beginPages,
  extractionJobKind,
  finishPages,
} from '../../domain/documents/processing.ts'
import { packWords, type Word } from '../../domain/documents/words.ts'
import { completeJob, failJob, type Lease } from '../../domain/jobs/lease.ts'
import { enqueueJob } from '../../domain/jobs/queue.ts'

/** What an upload answers, as far as tests read it. */
export type UploadedDocument = { id: string; job_id: string; status: string; version: number }

const lineHeight = 0.02
const characterWidth = 0.01

/** Words at white space, each where a typewriter would put it on the page: a line of text, a line of boxes. */
export function typedWords(text: string): Word[] {
  return [...text.matchAll(/\S+/g)].map(({ 0: { length }, index: start }) => {
    const before = text.slice(0, start)
    const line = before.split('\n').length - 1
    const column = start - (before.lastIndexOf('\n') + 1)
    const place = [column * characterWidth, line * lineHeight, length * characterWidth] as const
    return { start, length, box: [...place, lineHeight] }
  })
}

/** Makes a document's run the running one, as a worker's claim does. */
async function leaseOf(db: Db, tenantId: string, id: string): Promise<Lease> {
  const leaseToken = crypto.randomUUID()
  const leased = { status: 'running', leaseToken, attempts: 1 } as const
  await db
    .update(jobs)
    .set(leased)
    .where(and(eq(jobs.tenantId, tenantId), eq(jobs.id, id)))
  return { tenantId, id, leaseToken }
}

type ReadDocument = { tenantId: string; document: UploadedDocument; pages: readonly string[] }

/** Ends a document's run with these pages, through the rules that the worker uses. */
export async function completeDocument(db: Db, { tenantId, document, pages }: ReadDocument) {
  const lease = await leaseOf(db, tenantId, document.job_id)
  const of = { tenantId, documentId: document.id, jobId: document.job_id }
  const header = { pageCount: pages.length, title: 'A title', author: null, restart: false }
  const rows = pages.map((text, index) => ({
    number: index + 1,
    widthPoints: 612,
    heightPoints: 792,
    rotation: 0,
    text,
    words: packWords(typedWords(text)),
    failureCode: null,
  }))
  await db.transaction(async (tx) => {
    await completeJob(tx, lease)
    await beginPages(tx, of, header)
    await appendPages(tx, of, { pages: rows, spentMs: 5 })
    await finishPages(tx, of, 5)
  })
}

type FailDocument = { tenantId: string; document: UploadedDocument; code: string }

/** Ends a document's run as failed. */
export async function failDocument(db: Db, { tenantId, document, code }: FailDocument) {
  const lease = await leaseOf(db, tenantId, document.job_id)
  const fault = { code, message: 'It could not be read.', isFinal: true }
  await failJob(db, lease, { fault, retryMs: 0 })
}

/** A picture of the first page, as a job leaves it; its bytes are those of the file. The document becomes a PDF. */
export async function keepPageImage(db: Db, { tenantId, id }: { tenantId: string; id: string }) {
  const [row] = await db
    .update(documents)
    .set({ kind: 'pdf' })
    .where(and(eq(documents.tenantId, tenantId), eq(documents.id, id)))
    .returning({ sha256: documents.sha256, runId: documents.jobId })
  if (!row) throw new Error('there is no such document')
  const { sha256, runId } = row
  const [file] = await db
    .select({ storageKey: blobs.storageKey, bytes: blobs.bytes })
    .from(blobs)
    .where(and(eq(blobs.tenantId, tenantId), eq(blobs.sha256, sha256)))
  const place = { tenantId, documentId: id, number: 1, widthPixels: 1024 }
  const drawn = { ...file, sha256, fileSha256: sha256, runId, jobId: uuidv7() }
  await db.insert(pageImages).values({ ...place, ...drawn })
}

type NewDocument = {
  tenantId: string
  userId: string
  pages: readonly string[]
  filename?: string
}

/** A completed document with bytes of its own, filed without the function that takes uploads. */
export async function addDocument(db: Db, { tenantId, userId, pages, filename }: NewDocument) {
  const [id, jobId] = [uuidv7(), uuidv7()]
  const sha256 = crypto.getRandomValues(new Uint8Array(32))
  await db.insert(blobs).values({ tenantId, sha256, storageKey: `${tenantId}/${id}`, bytes: 1 })
  await db.insert(documents).values({
    tenantId,
    id,
    userId,
    sha256,
    jobId,
    filename: filename ?? 'a.pdf',
    mediaType: 'application/pdf',
    kind: 'pdf' as const,
  })
  const job = { tenantId, id: jobId, kind: extractionJobKind, subjectId: id, userId }
  await db.transaction((tx) => enqueueJob(tx, job))
  const document = { id, job_id: jobId, status: 'pending', version: 1 }
  await completeDocument(db, { tenantId, document, pages })
  return document
}

export const noTraces = { documents: 0, blobs: 0, jobs: 0, objects: 0 }
export const tracesOfOne = { documents: 1, blobs: 1, jobs: 1, objects: 1 }

type Stored = { tenantId: string; objects: ReadonlyMap<string, unknown> }

/** How much of everything that an upload can leave behind there is. */
export async function uploadTraces(db: Db, { tenantId, objects }: Stored) {
  return {
    documents: await db.$count(documents, eq(documents.tenantId, tenantId)),
    blobs: await db.$count(blobs, eq(blobs.tenantId, tenantId)),
    jobs: await db.$count(jobs, eq(jobs.tenantId, tenantId)),
    objects: objects.size,
  }
}
