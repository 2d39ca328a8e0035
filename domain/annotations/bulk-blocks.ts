/** A line's text, or why it has none. */
export type Line = string | { fault: 'too_long' | 'not_utf8' }
/** Lines that arrived together. */
export type LineBlock = { firstLine: number; lines: Line[] }

/** What a line may take. Every field at its largest fits, escaped and all. */
export const lineBytesMax = 256 * 1024
const blockBytes = 1024 * 1024
const newline = 0x0a
const tooLong: Line = { fault: 'too_long' }

/** The lines of a body in blocks of about a megabyte, of which one is held. */
export async function* lineBlocks(body: ReadableStream<Uint8Array>): AsyncGenerator<LineBlock> {
  const gathered = new GatheredBytes()
  const reader = body.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      gathered.add(value)
      if (gathered.bytes >= blockBytes) yield gathered.takeWholeLines()
    }
    yield gathered.takeAll()
  } finally {
    await reader.cancel().catch(() => {}) // it failed already, and that was reported by `read`
  }
}

class GatheredBytes {
  bytes = 0
  #chunks: Uint8Array[] = []
  #nextLine = 1
  /** Within a line whose beginning was too long to be kept. */
  #isSkipping = false
  /** Such a line has ended; it stands before what is gathered. */
  #hasSkipped = false

  add(chunk: Uint8Array): void {
    const kept = this.#isSkipping ? this.#skip(chunk) : chunk
    this.#chunks.push(kept)
    this.bytes += kept.length
  }

  /** All lines that have ended; the beginning of the last one waits for more. */
  takeWholeLines(): LineBlock {
    const whole = this.#join()
    const end = whole.lastIndexOf(newline)
    const lines = end < 0 ? [] : decodedLines(whole.subarray(0, end))
    const block = this.#block(lines)
    const rest = whole.subarray(end + 1)
    if (rest.length > lineBytesMax) this.#isSkipping = true
    else this.add(rest.slice())
    return block
  }

  takeAll(): LineBlock {
    const whole = this.#join()
    const isEnded = whole.at(-1) === newline
    const lines = whole.length === 0 ? [] : decodedLines(isEnded ? whole.subarray(0, -1) : whole)
    if (this.#isSkipping) lines.push(tooLong)
    return this.#block(lines)
  }

  #skip(chunk: Uint8Array): Uint8Array {
    const end = chunk.indexOf(newline)
    if (end < 0) return new Uint8Array()
    this.#isSkipping = false
    this.#hasSkipped = true
    return chunk.subarray(end + 1)
  }

  #block(lines: Line[]): LineBlock {
    if (this.#hasSkipped) lines.unshift(tooLong)
    this.#hasSkipped = false
    const firstLine = this.#nextLine
    this.#nextLine += lines.length
    return { firstLine, lines }
  }

  #join(): Uint8Array {
    const whole = new Uint8Array(this.bytes)
    let offset = 0
    for (const chunk of this.#chunks) {
      whole.set(chunk, offset)
      offset += chunk.length
    }
    this.#chunks = []
    this.bytes = 0
    return whole
  }
}

const newDecoder = () => new TextDecoder('utf-8', { fatal: true })

function decodedLines(bytes: Uint8Array): Line[] {
  try {
    const lines = newDecoder().decode(bytes).split('\n')
    return lines.map((line) => (line.length > lineBytesMax ? tooLong : line))
  } catch {
    return linesApart(bytes)
  }
}

/** One by one, to find those that are no UTF-8. */
function linesApart(bytes: Uint8Array): Line[] {
  const lines: Line[] = []
  for (let start = 0; start <= bytes.length; ) {
    const found = bytes.indexOf(newline, start)
    const end = found < 0 ? bytes.length : found
    lines.push(decodedLine(bytes.subarray(start, end)))
    start = end + 1
  }
  return lines
}

function decodedLine(bytes: Uint8Array): Line {
  if (bytes.length > lineBytesMax) return tooLong
  try {
    return newDecoder().decode(bytes)
  } catch {
    return { fault: 'not_utf8' }
  }
}
