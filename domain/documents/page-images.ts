import { and, eq, isNull, lt, type SQL, sql } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import type { Db, Tx } from '../../db/client.ts'
import { jobs } from '../../db/schema/jobs.ts'
import { pageImages } from '../../db/schema/page-images.ts'
import { enqueueJob } from '../jobs/queue.ts'
import { enqueueBytesRemoval } from './bytes-removal.ts'

export const drawingJobKind = 'documents.draw'

// Somebody looks at an empty frame meanwhile: before whatever nobody waits for.
const priority = 100
const attemptsMax = 3
const usedAtStepMs = 3_600_000

export type ImagePlace = {
  tenantId: string
  documentId: string
  number: number // of the page, from 1
  widthPixels: number
}

const atPlace = ({ tenantId, documentId, number, widthPixels }: ImagePlace) =>
  and(
    eq(pageImages.tenantId, tenantId),
    eq(pageImages.documentId, documentId),
    eq(pageImages.number, number),
    eq(pageImages.widthPixels, widthPixels),
  )

export type PageImage = NonNullable<Awaited<ReturnType<typeof findPageImage>>>

/** The picture of a page, as far as it has come; `null`: nobody has asked for it yet. */
export async function findPageImage(db: Db, place: ImagePlace) {
  const [row] = await db
    .select({
      fileSha256: pageImages.fileSha256,
      runId: pageImages.runId,
      jobId: pageImages.jobId,
      storageKey: pageImages.storageKey,
      bytes: pageImages.bytes,
      failureCode: pageImages.failureCode,
      askedAt: pageImages.askedAt,
      usedAt: pageImages.usedAt,
      /** Has its job not ended yet? */
      isUnderWay: sql<boolean>`${jobs.id} is not null`,
    })
    .from(pageImages)
    .leftJoin(jobs, and(eq(jobs.tenantId, pageImages.tenantId), eq(jobs.id, pageImages.jobId)))
    .where(atPlace(place))
  return row ?? null
}

type Asking = {
  place: ImagePlace
  fileSha256: Uint8Array
  runId: string // the document's present job
  /** What was found, and is to be replaced. */
  found: PageImage | null
  requestId: string
  at: Date
}

/**
 * Has a picture drawn. Of several callers at once exactly one queues the work; a job that waits already for this document
 * takes it along.
 * @returns whether it was this caller
 */
export async function askForPageImage(db: Db, asking: Asking): Promise<boolean> {
  const { place, found, requestId } = asking
  const { tenantId, documentId } = place
  return db.transaction(async (tx) => {
    const jobId = uuidv7()
    if (!(await writeAsked(tx, asking, jobId))) return false
    const subject = { kind: drawingJobKind, subjectId: documentId, dedupeKey: documentId }
    const queued = await enqueueJob(tx, {
      ...{ tenantId, id: jobId, ...subject, priority, attemptsMax, requestId },
    })
    if (queued !== jobId) await tx.update(pageImages).set({ jobId: queued }).where(atPlace(place))
    if (found?.storageKey)
      await enqueueBytesRemoval(tx, { tenantId, requestId }, [found.storageKey])
    return true
  })
}

async function writeAsked(tx: Tx, { place, fileSha256, runId, found, at }: Asking, jobId: string) {
  const asked = { fileSha256, runId, jobId, askedAt: at, usedAt: at }
  if (found === null) {
    const made = await tx
      .insert(pageImages)
      .values({ ...place, ...asked })
      .onConflictDoNothing()
      .returning({ number: pageImages.number })
    return made.length > 0
  }
  const undrawn = { storageKey: null, sha256: null, bytes: null, failureCode: null }
  const changed = await tx
    .update(pageImages)
    .set({ ...asked, ...undrawn })
    .where(and(atPlace(place), eq(pageImages.jobId, found.jobId), isAsFound(found)))
    .returning({ number: pageImages.number })
  return changed.length > 0
}

const isAsFound = ({ storageKey, failureCode }: PageImage): SQL =>
  sql`${pageImages.storageKey} is not distinct from ${storageKey}
    and ${pageImages.failureCode} is not distinct from ${failureCode}`

/** Notes that a picture was looked at, to the hour: that is enough to tell which nobody needs. */
export async function touchPageImage(db: Db, place: ImagePlace, at: Date): Promise<void> {
  await db
    .update(pageImages)
    .set({ usedAt: at })
    .where(and(atPlace(place), lt(pageImages.usedAt, new Date(at.getTime() - usedAtStepMs))))
}

/** Drops pictures of one document from the cache; their bytes are the caller's to delete, after the commit. */
export async function dropPageImage(db: Db, place: ImagePlace, storageKey: string | null) {
  const isSame =
    storageKey === null ? isNull(pageImages.storageKey) : eq(pageImages.storageKey, storageKey)
  const gone = await db
    .delete(pageImages)
    .where(and(atPlace(place), isSame))
    .returning({ number: pageImages.number })
  return gone.length > 0
}
