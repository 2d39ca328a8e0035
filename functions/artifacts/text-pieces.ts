/** Bytes for a reader who takes text: whole characters, or what is none as base64. `end` is the offset behind it. */
export type TextPiece = { offset: number; end: number } & ({ text: string } | { base64: string })

const pieceBytesMax = 48 * 1024 // so that no event is larger than a reader expects

/** Cuts bytes into pieces that each decode to exactly what they hold: no character is split, none is replaced. */
export class TextPieces {
  readonly #isText: boolean
  #offset: number
  #held: Uint8Array = new Uint8Array()

  /** @param offset of the first byte that will come */
  constructor(offset: number, isText: boolean) {
    this.#offset = offset
    this.#isText = isText
  }

  /** The pieces that are whole with these bytes; the beginning of a character is held back. */
  *take(bytes: Uint8Array): Generator<TextPiece, void, undefined> {
    const all = joined(this.#held, bytes)
    const whole = this.#isText ? all.byteLength - unfinishedBytes(all) : all.byteLength
    for (let start = 0; start < whole; ) {
      const end = this.#cut(all, start, whole)
      yield this.#piece(all.subarray(start, end))
      start = end
    }
    this.#held = all.slice(whole)
  }

  /** What was held back, when no more comes. */
  *rest(): Generator<TextPiece, void, undefined> {
    if (this.#held.byteLength > 0) yield this.#piece(this.#held)
    this.#held = new Uint8Array()
  }

  #cut(all: Uint8Array, start: number, whole: number): number {
    const end = Math.min(start + pieceBytesMax, whole)
    return this.#isText && end < whole ? end - unfinishedBytes(all.subarray(start, end)) : end
  }

  #piece(bytes: Uint8Array): TextPiece {
    const offset = this.#offset
    this.#offset += bytes.byteLength
    const place = { offset, end: this.#offset }
    const text = this.#isText ? decoded(bytes) : null
    return text === null ? { ...place, base64: toBase64(bytes) } : { ...place, text }
  }
}

/** How many bytes at the end begin a character that is not whole yet: 0 to 3. */
function unfinishedBytes(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.byteLength); back += 1) {
    const byte = bytes[bytes.byteLength - back] ?? 0
    if ((byte & 0b1100_0000) === 0b1000_0000) continue
    const wanted = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1
    return wanted > back ? back : 0
  }
  return 0
}

function decoded(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return null
  }
}

function toBase64(bytes: Uint8Array): string {
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary)
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  if (first.byteLength === 0) return second
  const all = new Uint8Array(first.byteLength + second.byteLength)
  all.set(first)
  all.set(second, first.byteLength)
  return all
}
