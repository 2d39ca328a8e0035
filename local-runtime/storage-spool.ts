import { createHash, randomUUID } from 'node:crypto'
import { mkdir, open, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../functions/_shared/http/problems.ts'

// An upload that lives is written to every few seconds; one whose process was killed never again.
const abandonedMs = 3_600_000
const diskCodes = new Set<string | undefined>([
  'ENOSPC',
  'EDQUOT',
  'ENOTDIR',
  'EROFS',
  'EIO',
  'EACCES',
  'EPERM',
  'EMFILE',
  'ENFILE',
])

/** A body that was written to its end. */
export type SpooledBody = { path: string; digest: Buffer; bytes: number }

/** Where bodies lie while they are written: a folder beside the objects, where nothing is ever listed or read from. */
export type Spool = {
  /**
   * Writes a body to a new file while hashing it; memory stays flat. `use` gets it when it is whole; afterwards
   * the file is gone, moved or not, also when anything failed.
   * @throws {AppError} `payload_too_large` above `bytesMax`
   */
  hold<T>(body: Body, use: (spooled: SpooledBody) => Promise<T>): Promise<T>
  /** Can a file be written now? */
  check(): Promise<void>
}

type Body = { body: ReadableStream<Uint8Array>; bytesMax: number; isSynced: boolean }

export function openSpool(folder: string): Spool {
  let sweptAtMs = 0
  const sweep = async () => {
    if (Date.now() - sweptAtMs < abandonedMs) return
    sweptAtMs = Date.now()
    // What cannot be removed now only takes room, and is tried again.
    await removeAbandoned(folder).catch(() => {})
  }
  const ready = () => mkdir(folder, { recursive: true, mode: 0o700 })
  return {
    async hold(body, use) {
      await sweep()
      await ready()
      const path = join(folder, randomUUID())
      try {
        return await use({ path, ...(await writeBody(path, body)) })
      } finally {
        await rm(path, { force: true })
      }
    },
    async check() {
      await ready()
      const probe = join(folder, `check-${randomUUID()}`)
      await writeFile(probe, 'x', { flush: true })
      await rm(probe)
    },
  }
}

async function removeAbandoned(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name)
    const { mtimeMs } = await stat(path)
    if (Date.now() - mtimeMs > abandonedMs) await rm(path, { force: true })
  }
}

async function writeBody(path: string, { body, bytesMax, isSynced }: Body) {
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
  if (isSynced) await file.sync()
  return { digest: hash.digest(), bytes }
}

/** A disk that is full or gone as `unavailable`; anything else as it is. */
export function asUnavailable(err: unknown): unknown {
  if (!diskCodes.has((err as NodeJS.ErrnoException | null)?.code)) return err
  return new AppError('unavailable', 'Files cannot be stored right now.', { cause: err })
}
