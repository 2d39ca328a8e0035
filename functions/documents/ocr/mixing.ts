import { type Box, notRecognized, type Word } from '../../../domain/documents/words.ts'
import { type RecognizedWord, recognizedText, type TextWithConfidence } from './recognized-text.ts'

// Boxes of neighbours touch; a word that was found twice covers most of itself.
const sameShare = 0.2

/**
 * The words of the text layer, and behind them what recognition found where it has none. A recognized word that shares
 * a fifth of its own or the other's area with one of the text layer is that word again.
 */
export function mixedText(
  layer: { text: string; words: readonly Word[] },
  lines: readonly (readonly RecognizedWord[])[],
): TextWithConfidence {
  const isNew = ({ box }: RecognizedWord) => !layer.words.some((word) => isSame(word.box, box))
  const found = recognizedText(lines.map((line) => line.filter(isNew)))
  const known = layer.words.map(() => notRecognized)
  if (found.text === '') return { text: layer.text, words: [...layer.words], confidences: known }
  const before = layer.text === '' ? '' : `${layer.text}\n`
  const moved = found.words.map((word) => ({ ...word, start: word.start + before.length }))
  return {
    text: before + found.text,
    words: [...layer.words, ...moved],
    confidences: [...known, ...found.confidences],
  }
}

function isSame(a: Box, b: Box): boolean {
  const width = Math.min(a[0] + a[2], b[0] + b[2]) - Math.max(a[0], b[0])
  const height = Math.min(a[1] + a[3], b[1] + b[3]) - Math.max(a[1], b[1])
  if (width <= 0 || height <= 0) return false
  return width * height >= sameShare * Math.min(a[2] * a[3], b[2] * b[3])
}
