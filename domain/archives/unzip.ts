import { Unzip, type UnzipFile, UnzipInflate } from 'fflate/browser'

export type ArchiveFile = { path: string; text: string }

/** An archive cannot be read, or takes more than it may. The message is for whoever made it. */
export class ArchiveFault extends Error {}

export type ArchiveLimits = { files: number; bytes: number }

// Little of an archive at a time: what a bomb can unfold before it is noticed is a thousandfold of this.
const pieceBytes = 16 * 1024

/** Does it begin as an archive does, and as no text? */
export const looksArchived = (bytes: Uint8Array): boolean =>
  bytes[0] === 0x50 && bytes[1] === 0x4b && (bytes[2] ?? 255) < 0x20

/**
 * The texts of an archive whose paths are wanted; others are not unfolded. Everything is bounded by what really comes
 * out, whatever the archive says of itself.
 * @throws {ArchiveFault}
 */
export function unzippedTexts(
  archive: Uint8Array,
  { limits, isWanted }: { limits: ArchiveLimits; isWanted: (path: string) => boolean },
): ArchiveFile[] {
  const files: OpenFile[] = []
  let bytesLeft = limits.bytes
  let entries = 0
  const unzip = new Unzip((entry) => {
    entries += 1
    if (entries > limits.files) throw new ArchiveFault(`It has more than ${limits.files} files.`)
    if (isWanted(entry.name)) files.push(openFile(entry, count))
  })
  const count = (bytes: number) => {
    bytesLeft -= bytes
    if (bytesLeft < 0) throw new ArchiveFault(`Unpacked it has more than ${limits.bytes} bytes.`)
  }
  unzip.register(UnzipInflate)
  try {
    if (!isArchive(archive)) throw new ArchiveFault('It is no zip archive.')
    for (let start = 0; start < archive.length; start += pieceBytes)
      unzip.push(archive.subarray(start, start + pieceBytes), start + pieceBytes >= archive.length)
  } catch (err) {
    if (err instanceof ArchiveFault) throw err
    throw new ArchiveFault('It is damaged, encrypted, or packed in a way that is not known here.')
  }
  return files.map(textOf)
}

type OpenFile = { path: string; chunks: Uint8Array[]; isWhole: boolean }

// A local file header, or the end of an archive without files.
const isArchive = (bytes: Uint8Array): boolean =>
  bytes[0] === 0x50 && bytes[1] === 0x4b && (bytes[2] === 0x03 || bytes[2] === 0x05)

function openFile(entry: UnzipFile, count: (bytes: number) => void): OpenFile {
  const file: OpenFile = { path: entry.name, chunks: [], isWhole: false }
  entry.ondata = (err, chunk, isLast) => {
    if (err) throw err
    count(chunk.length)
    file.chunks.push(chunk)
    file.isWhole = isLast
  }
  entry.start()
  return file
}

function textOf({ path, chunks, isWhole }: OpenFile): ArchiveFile {
  if (!isWhole) throw new ArchiveFault(`It ends within "${path}".`)
  const decoder = new TextDecoder('utf-8', { fatal: true })
  try {
    const text = chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join('')
    return { path, text: text + decoder.decode() }
  } catch {
    throw new ArchiveFault(`"${path}" is not valid UTF-8.`)
  }
}
