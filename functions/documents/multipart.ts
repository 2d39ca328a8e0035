import { getMultipartBoundary, MultipartPart } from '@remix-run/multipart-parser'
import { AppError } from '../_shared/http/problems.ts'

const headerBytesMax = 8 * 1024
const boundaryCharactersMax = 70 // RFC 2046, section 5.1.1

/** One part. Its `body` must be read or cancelled before the next part is asked for. */
export type Part = {
  name: string | null
  filename: string | null
  mediaType: string | null
  body: ReadableStream<Uint8Array>
}

const malformed = (detail: string, cause?: unknown): AppError =>
  new AppError('malformed', `The multipart body is malformed: ${detail}.`, { cause })

/**
 * Reads `multipart/form-data` part by part without keeping any: the library's own parser holds each file whole in
 * memory, so only its reading of part headers is used.
 * @throws {AppError} `malformed`
 * @see RFC 7578; RFC 2046, section 5.1
 */
export async function* readParts(
  body: ReadableStream<Uint8Array>,
  contentType: string,
): AsyncGenerator<Part, void, undefined> {
  const boundary = getMultipartBoundary(contentType)?.trim() ?? ''
  if (boundary === '' || boundary.length > boundaryCharactersMax)
    throw malformed('Content-Type has no usable boundary')
  const source = new DelimitedSource(body.getReader(), ascii(`\r\n--${boundary}`))
  try {
    await skip(source) // the preamble
    while (!(await source.isLastDelimiter())) {
      const part = partOf(source, await source.readHeader(headerBytesMax))
      yield part
      // A part that was not read to its end would be taken for the next one's header.
      await skip(source)
    }
  } finally {
    await source.cancel()
  }
}

async function skip(source: DelimitedSource): Promise<void> {
  while ((await source.readChunk()) !== null);
}

function partOf(source: DelimitedSource, header: Uint8Array): Part {
  const { name, filename, mediaType } = readHeader(header)
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const chunk = await source.readChunk()
      if (chunk) controller.enqueue(chunk)
      else controller.close()
    },
  })
  return { name: name ?? null, filename: filename ?? null, mediaType: mediaType ?? null, body }
}

function readHeader(header: Uint8Array) {
  try {
    const { name, filename, mediaType } = new MultipartPart(header, [])
    return { name, filename, mediaType }
  } catch (cause) {
    throw malformed('a part has a broken header', cause)
  }
}

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)
const dash = 0x2d
const headerEnd = ascii('\r\n\r\n')

/** Bytes up to each delimiter in turn; keeps one chunk and a delimiter's length of what came before. */
class DelimitedSource {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  readonly #delimiter: Uint8Array
  // A first delimiter may stand at the very beginning, where no line break precedes it.
  #rest: Uint8Array = ascii('\r\n')
  #isAtDelimiter = false

  constructor(reader: ReadableStreamDefaultReader<Uint8Array>, delimiter: Uint8Array) {
    this.#reader = reader
    this.#delimiter = delimiter
  }

  /** The next bytes before the delimiter; `null` once it is reached. */
  async readChunk(): Promise<Uint8Array | null> {
    while (!this.#isAtDelimiter) {
      const at = indexOf(this.#rest, this.#delimiter)
      if (at !== -1) {
        this.#isAtDelimiter = true
        const chunk = this.#take(at)
        this.#take(this.#delimiter.length)
        if (chunk.length > 0) return chunk
        break
      }
      // What may be the beginning of a delimiter waits for what follows.
      const safe = this.#rest.length - (this.#delimiter.length - 1)
      if (safe > 0) return this.#take(safe)
      await this.#fill()
    }
    return null
  }

  /** After a delimiter: does the body end here? Otherwise a part begins with the next line. */
  async isLastDelimiter(): Promise<boolean> {
    while (this.#rest.length < 2) await this.#fill()
    // The line break stays where it is not: a part without header fields begins with the empty line.
    return this.#rest[0] === dash && this.#rest[1] === dash
  }

  async readHeader(bytesMax: number): Promise<Uint8Array> {
    for (;;) {
      const at = indexOf(this.#rest, headerEnd)
      if (at > bytesMax || (at === -1 && this.#rest.length > bytesMax))
        throw malformed(`a part's header has more than ${bytesMax} bytes`)
      if (at !== -1) {
        const header = this.#take(at)
        this.#take(headerEnd.length)
        this.#isAtDelimiter = false
        return header
      }
      await this.#fill()
    }
  }

  async cancel(): Promise<void> {
    await this.#reader.cancel().catch(() => {}) // it failed already, and that was reported by `read`
  }

  #take(bytes: number): Uint8Array {
    const taken = this.#rest.subarray(0, bytes)
    this.#rest = this.#rest.subarray(bytes)
    return taken
  }

  async #fill(): Promise<void> {
    const { done, value } = await this.#reader.read()
    if (done) throw malformed('it ends without its closing boundary')
    this.#rest = this.#rest.length === 0 ? value : joined(this.#rest, value)
  }
}

function indexOf(bytes: Uint8Array, wanted: Uint8Array): number {
  const [first = 0] = wanted
  for (let at = bytes.indexOf(first); at !== -1; at = bytes.indexOf(first, at + 1))
    if (wanted.every((byte, index) => bytes[at + index] === byte)) return at
  return -1
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length)
  both.set(first)
  both.set(second, first.length)
  return both
}
