import type { Db } from '../../db/client.ts'
import { namedStorageKeys } from '../../domain/documents/stored-files.ts'
import type { Log } from '../../functions/_shared/ports/log.ts'
import type { ListedObject, Storage } from '../../functions/_shared/ports/storage.ts'

// An upload commits within minutes of storing its file, or never: nothing this old can still get its row. And each
// upload stores a file of its own, so a later one of the same bytes never relies on a file that goes here.
const ageMsMin = 24 * 3_600_000
const batchFilesMax = 500

export type FileSweep = { db: Db; storage: Storage; log: Log; now: () => Date; signal: AbortSignal }

/**
 * Deletes stored files that no row names: a process died between storing a file and committing its rows, or between
 * deleting the rows and the file. Those of a tenant that the database does not know stay: it may be another one, or not
 * yet restored.
 */
export async function sweepUnnamedFiles(sweep: FileSweep): Promise<void> {
  const { db, storage, log, now, signal } = sweep
  const counts = { seen: 0, removed: 0, removed_bytes: 0, of_unknown_tenants: 0 }
  const before = new Date(now().getTime() - ageMsMin)
  for await (const files of batchesOfTenant(storage.list(), before)) {
    if (signal.aborted) return
    counts.seen += files.length
    const named = await namedStorageKeys(db, files[0].tenantId, digestsOf(files))
    if (named === null) {
      counts.of_unknown_tenants += files.length
      continue
    }
    const removed = await removeFiles(
      sweep,
      files.filter(({ storageKey }) => !named.has(storageKey)),
    )
    counts.removed += removed.length
    counts.removed_bytes += removed.reduce((sum, { bytes }) => sum + bytes, 0)
  }
  log.info('Stored files were compared with the database', counts)
  if (counts.of_unknown_tenants > 0) log.warn('Stored files of unknown tenants stay', counts)
}

/** @returns those that went: one that cannot be removed may not keep the others */
async function removeFiles({ storage, log }: FileSweep, files: ListedObject[]) {
  const removed: ListedObject[] = []
  for (const file of files) {
    try {
      await storage.delete(file.storageKey)
      removed.push(file)
    } catch (err) {
      log.warn('A stored file that no row names stays', { storage_key: file.storageKey }, err)
    }
  }
  return removed
}

type Batch = [ListedObject, ...ListedObject[]]

const digestsOf = (files: Batch) => files.map(({ sha256 }) => sha256)

/** The objects from before that time, those of one tenant at a time. */
async function* batchesOfTenant(objects: AsyncIterable<ListedObject>, before: Date) {
  let batch: Batch | null = null
  for await (const object of objects) {
    if (object.modifiedAt >= before) continue
    if (batch && batch[0].tenantId === object.tenantId && batch.length < batchFilesMax) {
      batch.push(object)
      continue
    }
    if (batch) yield batch
    batch = [object]
  }
  if (batch) yield batch
}
