/** `[x, y, width, height]` in 0..1 of the page, origin top left, after rotation and crop box. */
export type Box = [x: number, y: number, width: number, height: number]

/** One word: where it stands in the page's text (UTF-16 units) and on the page. */
export type Word = { start: number; length: number; box: Box }

const wordBytes = 24
const coordinateScale = 1e6 // a millionth of a page is finer than float32 keeps and than any eye sees

/** Words as `document_pages.words` keeps them: 24 bytes each, little endian. */
export function packWords(words: readonly Word[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(words.length * wordBytes)
  const view = new DataView(bytes.buffer)
  for (const [index, { start, length, box }] of words.entries()) {
    const at = index * wordBytes
    view.setUint32(at, start, true)
    view.setUint32(at + 4, length, true)
    for (const [side, value] of box.entries()) view.setFloat32(at + 8 + side * 4, value, true)
  }
  return bytes
}

/**
 * The words of a page, in reading order. Boxes lie inside the page, also after the rounding of float32:
 * `x + width <= 1` and `y + height <= 1` hold exactly.
 * @throws {RangeError} the bytes are not whole words
 */
export function unpackWords(bytes: Uint8Array): Word[] {
  if (bytes.length % wordBytes !== 0) throw new RangeError('Packed words must be whole.')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return Array.from({ length: bytes.length / wordBytes }, (_, index) => {
    const at = index * wordBytes
    const [x, width] = insidePage(view.getFloat32(at + 8, true), view.getFloat32(at + 16, true))
    const [y, height] = insidePage(view.getFloat32(at + 12, true), view.getFloat32(at + 20, true))
    return {
      start: view.getUint32(at, true),
      length: view.getUint32(at + 4, true),
      box: [x, y, width, height],
    }
  })
}

/** In place of a confidence: the word stands in the file's own text. */
export const notRecognized = 255

/** How sure recognition is of each word, in their order: 0..100, or {@link notRecognized}; one byte each. */
export const packConfidences = (values: readonly number[]): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(values, (value) =>
    value === notRecognized ? value : Math.min(100, Math.max(0, Math.round(value))),
  )

/** The confidence of a word in 0..1; `null` for one of the file's own text, or a page without recognition. */
export function confidenceOf(packed: Uint8Array | null, index: number): number | null {
  const value = packed?.[index] ?? notRecognized
  return value === notRecognized ? null : value / 100
}

/** Boxes of the words that a range of the page's text touches; for the highlights of a search hit. */
export function boxesOfRange(words: readonly Word[], start: number, end: number): Box[] {
  return words
    .filter((word) => word.start < end && word.start + word.length > start)
    .map((word) => word.box)
}

function insidePage(start: number, extent: number): [start: number, extent: number] {
  const from = Math.floor(Math.min(Math.max(start, 0), 1) * coordinateScale) / coordinateScale
  const room = Math.min(Math.max(extent, 0), 1 - from)
  return [from, Math.floor(room * coordinateScale) / coordinateScale]
}
