import type { Db, Tx } from '../../db/client.ts'
import { type ArtifactMediaType, indexedCharsMax } from '../../db/schema/index.ts'
import { type PiecesOf, readPieces } from './pieces.ts'

/** Everything but bytes that say nothing of themselves is text, and is UTF-8. */
export const isText = (mediaType: ArtifactMediaType): boolean =>
  mediaType !== 'application/octet-stream'

/** The bytes of a text are no UTF-8. */
export class NotUtf8 extends Error {
  constructor() {
    super('The content is not valid UTF-8.')
    this.name = 'NotUtf8'
  }
}

/**
 * What is indexed of a text: its first characters, without NUL, which Postgres does not store in text. All of it is looked
 * at, a piece after the other, so that a character may lie across their borders.
 * @throws {NotUtf8}
 */
export async function indexedTextOf(
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let text = ''
  const take = (more: string) => {
    if (text.length < indexedCharsMax) text += more.slice(0, indexedCharsMax - text.length)
  }
  try {
    for await (const bytes of pieces) take(decoder.decode(bytes, { stream: true }))
    take(decoder.decode())
  } catch (err) {
    if (err instanceof TypeError) throw new NotUtf8()
    throw err
  }
  // A cut may leave half of a pair of surrogates.
  return text.replace(/[\ud800-\udbff]$/, '').replaceAll('\u0000', '')
}

type Stored = { of: PiecesOf; sizeBytes: number; mediaType: ArtifactMediaType }

/** @returns `null` for what is no text @throws {NotUtf8} and {PiecesGone} */
export async function storedText(
  db: Db | Tx,
  { of, sizeBytes, mediaType }: Stored,
): Promise<string | null> {
  if (!isText(mediaType)) return null
  return indexedTextOf(readPieces(db, of, { start: 0, end: sizeBytes }))
}
