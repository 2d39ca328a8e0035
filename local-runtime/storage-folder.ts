import { constants } from 'node:fs'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import type { ReadableStream as NodeReadableStream } from 'node:stream/web'
import type { ByteRange, Storage, StoredObject } from '../functions/_shared/ports/storage.ts'
import { keyPattern, listFiles, removeWhenEmpty, storageKeyOf } from './storage-listing.ts'
import { asUnavailable, openSpool, type SpooledBody } from './storage-spool.ts'

const readChunkBytes = 256 * 1024
// A folder that is removed because it is empty may go between its making and its use, but hardly so often in a row.
const movesMax = 10
// mkdir finds a folder, looks again whether it is one, and says ENOTDIR when it has gone in between.
const isFolderGone = new Set<string | undefined>(['ENOENT', 'ENOTDIR'])

/**
 * Storage in a folder: `<tenant>/<first byte of SHA-256>/<SHA-256>-<unique>`. A body is written beside it, synced,
 * and renamed, so that a key never names half a file, not even after a power cut.
 */
export function openFolderStorage(folder: string): Storage {
  const pathOf = (storageKey: string): string | null =>
    keyPattern.test(storageKey) ? join(folder, storageKey) : null
  const spool = openSpool(join(folder, 'unfinished'))
  return {
    async put(tenantId, body, bytesMax) {
      const file = { folder, tenantId }
      return spool
        .hold({ body, bytesMax, isSynced: true }, (spooled) => fileSpooled(file, spooled))
        .catch((err: unknown) => {
          throw asUnavailable(err)
        })
    },
    async get(storageKey, range) {
      const path = pathOf(storageKey)
      return path === null ? null : readFile(path, range)
    },
    async delete(storageKey) {
      const path = pathOf(storageKey)
      if (path === null) return
      await rm(path, { force: true })
      if (await removeWhenEmpty(dirname(path))) await removeWhenEmpty(dirname(dirname(path)))
    },
    list: () => listFiles(folder),
    check: () => spool.check(),
  }
}

async function fileSpooled(
  { folder, tenantId }: { folder: string; tenantId: string },
  { path: unfinished, digest, bytes }: SpooledBody,
): Promise<StoredObject> {
  const storageKey = storageKeyOf(tenantId, digest)
  const path = join(folder, storageKey)
  const isNewFolder = await moveIntoFolder(unfinished, path)
  await syncFolder(dirname(path))
  if (isNewFolder) await Promise.all([dirname(dirname(path)), folder].map(syncFolder))
  return { storageKey, sha256: new Uint8Array(digest), bytes }
}

/** @returns whether a folder had to be made */
async function moveIntoFolder(unfinished: string, path: string): Promise<boolean> {
  for (let move = 1; ; move += 1) {
    try {
      const made = await mkdir(dirname(path), { recursive: true, mode: 0o700 })
      await rename(unfinished, path)
      return made !== undefined
    } catch (err) {
      const { code } = err as NodeJS.ErrnoException
      if (!isFolderGone.has(code) || move === movesMax) throw err
    }
  }
}

// The rename itself must survive a power cut too.
async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path, constants.O_RDONLY)
  await folder.sync()
}

async function readFile(
  path: string,
  range?: ByteRange,
): Promise<ReadableStream<Uint8Array> | null> {
  // Opened now: a file that is deleted while it is read is still read to its end.
  const file = await open(path, 'r').catch((err: NodeJS.ErrnoException) => {
    if (err.code === 'ENOENT') return null
    throw asUnavailable(err)
  })
  if (file === null) return null
  const stream = file.createReadStream({
    highWaterMark: readChunkBytes,
    ...(range ? { start: range.start, end: range.endInclusive } : {}),
  })
  return Readable.toWeb(stream) as NodeReadableStream as ReadableStream<Uint8Array>
}
