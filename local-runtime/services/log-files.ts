import { mkdirSync } from 'node:fs'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { OutputSink } from './process.ts'

// What may wait for a slow disk; a child that writes faster loses lines, it never waits.
const queuedBytesMax = 1024 * 1024

export type LogFile = {
  /** Takes a child's output. Never blocks, never throws; what finds no room is counted. */
  write: OutputSink
  droppedBytes: () => number
  /** Waits until everything taken so far is written or dropped. */
  close: () => Promise<void>
}

/** A process log in a folder, rotated at `bytesMax`: `<name>.log`, `<name>.log.1` ... `filesMax` files at most. */
export function openLogFile(
  folder: string,
  name: string,
  limits: { bytesMax: number; filesMax: number },
): LogFile {
  const writer = rotatingWriter(join(folder, `${name}.log`), limits)
  const queue: Buffer[] = []
  let queuedBytes = 0
  let droppedBytes = 0
  let untoldBytes = 0
  let flushing: Promise<void> | null = null

  const drop = (count: number) => {
    droppedBytes += count
    untoldBytes += count
  }
  const writeOut = async (batch: Buffer) => {
    try {
      if (untoldBytes > 0)
        await writer.append(Buffer.from(`[${untoldBytes} bytes of log were lost here]\n`))
      untoldBytes = 0
      await writer.append(batch)
    } catch {
      // A full disk must not end what is logged; the loss is counted and told when there is room again.
      drop(batch.length)
      await writer.close()
    }
  }
  const flush = async () => {
    while (queue.length > 0) {
      const batch = Buffer.concat(queue.splice(0))
      await writeOut(batch)
      queuedBytes -= batch.length
    }
    flushing = null
  }
  return {
    write(chunk) {
      if (queuedBytes + chunk.length > queuedBytesMax) return drop(chunk.length)
      queue.push(chunk)
      queuedBytes += chunk.length
      flushing ??= flush()
    },
    droppedBytes: () => droppedBytes,
    async close() {
      while (flushing !== null) await flushing
      await writer.close()
    },
  }
}

function rotatingWriter(
  path: string,
  { bytesMax, filesMax }: { bytesMax: number; filesMax: number },
) {
  let file: FileHandle | null = null
  let size = 0

  const close = async () => {
    const closing = file
    file = null
    await closing?.close().catch(() => {})
  }
  const opened = async (): Promise<FileHandle> => {
    if (file !== null) return file
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    file = await open(path, 'a', 0o600)
    size = (await file.stat()).size
    return file
  }
  const rotate = async () => {
    await close()
    await rm(numbered(path, filesMax - 1), { force: true })
    for (let number = filesMax - 2; number >= 0; number -= 1) {
      await rename(numbered(path, number), numbered(path, number + 1)).catch(ignoreMissing)
    }
  }
  const append = async (batch: Buffer) => {
    for (let rest = batch; rest.length > 0; ) {
      await opened()
      if (size > 0 && size + lineLength(rest) > bytesMax) await rotate()
      const handle = await opened()
      const piece = rest.subarray(0, wholeLines(rest, bytesMax - size))
      await handle.appendFile(piece)
      size += piece.length
      rest = rest.subarray(piece.length)
    }
  }
  return { append, close }
}

const numbered = (path: string, number: number) => (number === 0 ? path : `${path}.${number}`)

function ignoreMissing(err: NodeJS.ErrnoException): void {
  if (err.code !== 'ENOENT') throw err
}

function lineLength(text: Buffer): number {
  const end = text.indexOf('\n')
  return end < 0 ? text.length : end + 1
}

/** As many bytes as fit, up to the end of a line where one ends in them. */
function wholeLines(text: Buffer, room: number): number {
  if (text.length <= room) return text.length
  const end = text.lastIndexOf('\n', room - 1)
  return end < 0 ? Math.max(1, room) : end + 1
}
