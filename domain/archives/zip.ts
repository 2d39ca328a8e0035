import { Zip, ZipDeflate, ZipPassThrough } from 'fflate/browser'

/** A file's text, whole or a piece of it: pieces of one file come one after the other. */
export type ArchivePiece = { path: string; text: string }

/** An archive without the 64-bit extension, which few readers of labels know, counts its files in 16 bits. */
export const archiveFilesMax = 65_535
const archiveBytesMax = 0xffff_ffff
const chunkBytes = 64 * 1024
const compressionLevel = 6
// A shorter text gains less than the half millisecond costs that the compressor needs to begin.
const compressedCharactersMin = 256

/**
 * A zip archive as it is made: of its files only names and sums are kept until the end.
 * @param changedAt the time that every file carries
 * @throws {RangeError} more than {@link archiveFilesMax} files, or 4 GiB
 */
export async function* zipped(
  pieces: AsyncIterable<ArchivePiece>,
  changedAt: Date,
): AsyncGenerator<Uint8Array> {
  const sink = new Sink()
  const encoder = new TextEncoder()
  let openPath: string | null = null
  let file: OpenFile | null = null
  for await (const { path, text } of pieces) {
    if (!file || openPath !== path) {
      file?.push(new Uint8Array(), true)
      file = sink.add(newFile(path, text), changedAt)
      openPath = path
    }
    file.push(encoder.encode(text))
    if (sink.bytes >= chunkBytes) yield sink.take()
  }
  file?.push(new Uint8Array(), true)
  sink.end()
  yield sink.take()
}

type OpenFile = ZipPassThrough | ZipDeflate

const newFile = (path: string, firstText: string): OpenFile =>
  firstText.length < compressedCharactersMin
    ? new ZipPassThrough(path)
    : new ZipDeflate(path, { level: compressionLevel })

/** Collects what the library hands out by callback. */
class Sink {
  bytes = 0
  #files = 0
  #bytesWritten = 0
  #chunks: Uint8Array[] = []
  readonly #zip = new Zip((err, chunk) => {
    if (err) throw err
    this.bytes += chunk.length
    this.#chunks.push(chunk)
  })

  add(file: OpenFile, changedAt: Date): OpenFile {
    this.#files += 1
    if (this.#files > archiveFilesMax)
      throw new RangeError(`An archive holds at most ${archiveFilesMax} files.`)
    file.mtime = changedAt
    this.#zip.add(file)
    return file
  }

  end(): void {
    this.#zip.end()
  }

  take(): Uint8Array {
    const whole = new Uint8Array(this.bytes)
    let offset = 0
    for (const chunk of this.#chunks) {
      whole.set(chunk, offset)
      offset += chunk.length
    }
    this.#bytesWritten += this.bytes
    if (this.#bytesWritten > archiveBytesMax)
      throw new RangeError('An archive holds at most 4 GiB.')
    this.#chunks = []
    this.bytes = 0
    return whole
  }
}
