import { and, eq } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import type { Db } from '../../db/client.ts'
import { blobs, documents, jobs } from '../../db/schema/index.ts'
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
