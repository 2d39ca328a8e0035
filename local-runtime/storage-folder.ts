import { createHash, randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { mkdir, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import type { ReadableStream as NodeReadableStream } from 'node:stream/web'
import { AppError } from '../functions/_shared/http/problems.ts'
import type { ByteRange, Storage, StoredObject } from '../functions/_shared/ports/storage.ts'
import { keyPattern, listFiles, removeWhenEmpty } from './storage-listing.ts'

const readChunkBytes = 256 * 1024
// An upload that lives is written to every few seconds; one whose process was killed never again.
const abandonedMs = 3_600_000
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
  let sweptAtMs = 0
  const sweep = async () => {
    if (Date.now() - sweptAtMs < abandonedMs) return
    sweptAtMs = Date.now()
    // What cannot be removed now only takes room, and is tried again.
    await removeAbandoned(join(folder, 'unfinished')).catch(() => {})
  }
  return {
    async put(tenantId, body, bytesMax) {
      await sweep()
      return putFile({ folder, tenantId, body, bytesMax }).catch((err: unknown) => {
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
    async check() {
      await mkdir(join(folder, 'unfinished'), { recursive: true, mode: 0o700 })
      const probe = join(folder, 'unfinished', `check-${randomUUID()}`)
      await writeFile(probe, 'x', { flush: true })
      await rm(probe)
    },
  }
}

type Put = {
  folder: string
  tenantId: string
  body: ReadableStream<Uint8Array>
  bytesMax: number
}

async function putFile({ folder, tenantId, body, bytesMax }: Put): Promise<StoredObject> {
  const unfinished = join(folder, 'unfinished', randomUUID())
  await mkdir(dirname(unfinished), { recursive: true, mode: 0o700 })
  try {
    const { digest, bytes } = await writeBody(unfinished, body, bytesMax)
    const hex = digest.toString('hex')
    const storageKey = `${tenantId}/${hex.slice(0, 2)}/${hex}-${randomUUID()}`
    const path = join(folder, storageKey)
    const isNewFolder = await moveIntoFolder(unfinished, path)
    await syncFolder(dirname(path))
    if (isNewFolder) await Promise.all([dirname(dirname(path)), folder].map(syncFolder))
    return { storageKey, sha256: new Uint8Array(digest), bytes }
  } catch (err) {
    await rm(unfinished, { force: true })
    throw err
  }
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

async function removeAbandoned(unfinished: string): Promise<void> {
  for (const name of await readdir(unfinished)) {
    const path = join(unfinished, name)
    const { mtimeMs } = await stat(path)
    if (Date.now() - mtimeMs > abandonedMs) await rm(path, { force: true })
  }
}

async function writeBody(path: string, body: ReadableStream<Uint8Array>, bytesMax: number) {
  const hash = createHash('sha256')
  let bytes = 0
  await using file = await open(path, 'wx', 0o600)
  for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength
    if (bytes > bytesMax)
      throw new AppError('payload_too_large', `A file has at most ${bytesMax} bytes.`)
    hash.update(chunk)
    await file.writeFile(chunk)
  }
  await file.sync()
  return { digest: hash.digest(), bytes }
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

function asUnavailable(err: unknown): unknown {
  const code = (err as NodeJS.ErrnoException | null)?.code
  const isDisk = [
    'ENOSPC',
    'EDQUOT',
    'ENOTDIR',
    'EROFS',
    'EIO',
    'EACCES',
    'EPERM',
    'EMFILE',
    'ENFILE',
  ]
  if (code === undefined || !isDisk.includes(code)) return err
  return new AppError('unavailable', 'Files cannot be stored right now.', { cause: err })
}
