import { setTimeout as pause } from 'node:timers/promises'
import { dropOldPartitions, ensurePartitions } from '../../db/partitions.ts'
import { deleteExpiredIdempotencyKeys, deleteOldWebhookEvents } from '../../db/system.ts'
import { boundPageImages } from '../../domain/documents/page-images-cache.ts'
import { emptyTrash } from '../../domain/documents/trash.ts'
import { type FileSweep, sweepUnnamedFiles } from './unnamed-files.ts'

const sweepMs = 60_000
const dayMs = 24 * 3_600_000
const trashMs = 600_000
const webhookEventsMs = 600_000
const webhookEventDays = 30 // ten times as long as a delivery is tried
const pageImagesMs = 600_000
const partitionsMs = 6 * 3_600_000 // partitions are made two months ahead: nothing hurries

export type Maintenance = FileSweep & {
  historyDays: number // how long finished jobs and their events are kept
  trashDays: number // how long documents stay in the trash; 0: for ever
  /** Bounds of the cache of drawn pages: its bytes, and the days for which one stays that nobody looks at. */
  pageImages: { bytesMax: number; days: number }
  /** To the first look at every stored file, which is much to read for a worker that may soon be replaced. */
  filesAfterMs: number
}

/** Keeps tables and storage small and the partitions ahead of time, until the signal aborts. A failed round waits for the next. */
export async function maintain(maintenance: Maintenance): Promise<void> {
  const { db, now, historyDays, trashDays, filesAfterMs, signal } = maintenance
  await Promise.all([
    repeat(maintenance, 'partitions', partitionsMs, async () => {
      await ensurePartitions(db, now())
      await dropOldPartitions(db, new Date(now().getTime() - historyDays * dayMs))
    }),
    repeat(maintenance, 'idempotency keys', sweepMs, async () => {
      while ((await deleteExpiredIdempotencyKeys(db, now())) > 0);
    }),
    repeat(maintenance, 'events of webhooks', webhookEventsMs, async () => {
      const before = new Date(now().getTime() - webhookEventDays * dayMs)
      while ((await deleteOldWebhookEvents(db, before)) > 0);
    }),
    trashDays > 0 && repeat(maintenance, 'the trash', trashMs, () => removeTrash(maintenance)),
    repeat(maintenance, 'drawn pages', pageImagesMs, () => dropPageImages(maintenance)),
    waitFor(filesAfterMs, signal).then(() =>
      repeat(maintenance, 'stored files', dayMs, () => sweepUnnamedFiles(maintenance)),
    ),
  ])
}

async function removeTrash({ db, log, now, trashDays, signal }: Maintenance): Promise<void> {
  const at = now()
  const before = new Date(at.getTime() - trashDays * dayMs)
  const onFailure = (documentId: string, err: unknown) =>
    log.warn('A document stays in the trash', { document_id: documentId }, err)
  const removed = await emptyTrash(db, { before, at, signal, onFailure })
  if (removed > 0) log.info('Documents in the trash were deleted', { removed })
}

async function dropPageImages(maintenance: Maintenance): Promise<void> {
  const { db, log, now, storage, pageImages, signal } = maintenance
  const { bytesMax, days } = pageImages
  const usedBefore = new Date(now().getTime() - days * dayMs)
  const deleteBytes = (storageKey: string) => storage.delete(storageKey)
  const dropped = await boundPageImages(db, { bytesMax, usedBefore, signal, deleteBytes })
  if (dropped > 0) log.info('Drawn pages that nobody needed were dropped', { dropped })
}

async function repeat(
  { log, signal }: Maintenance,
  subject: string,
  everyMs: number,
  work: () => Promise<unknown>,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await work()
    } catch (err) {
      log.warn(`Maintenance of ${subject} failed`, {}, err)
    }
    await waitFor(everyMs, signal)
  }
}

/** Ends early, without an error, when the signal aborts. */
const waitFor = (ms: number, signal: AbortSignal): Promise<void> =>
  pause(ms, undefined, { signal, ref: false }).catch(() => {})
