import type { Box, Word } from '../../../domain/documents/words.ts'
import { pageCharactersMax } from '../extraction/protocol.ts'

/** A word as the engine recognized it. */
export type RecognizedWord = { text: string; box: Box; confidence: number } // 0..100

/** Text, its words, and how sure each of them is: 0..100, or {@link notRecognized}. */
export type TextWithConfidence = { text: string; words: Word[]; confidences: number[] }

// Specks and lines of a drawing; the engine itself does not believe in them.
const confidenceMin = 30
const endsByHyphen = /\p{L}-$/u
const beginsLowerCase = /^\p{Ll}/u

/**
 * The text of recognized lines by the rules of the text layer: words parted by one space or one line break, a word
 * that a hyphen broke over two lines whole in the text and two words with a box each.
 */
export function recognizedText(lines: readonly (readonly RecognizedWord[])[]): TextWithConfidence {
  let text = ''
  const words: Word[] = []
  const confidences: number[] = []
  for (const line of lines.map(believable).filter((line) => line.length > 0)) {
    const isBroken = endsByHyphen.test(text) && beginsLowerCase.test(line[0]?.text ?? '')
    if (isBroken) {
      text = text.slice(0, -1)
      const last = words.at(-1)
      if (last) last.length -= 1
    } else if (text !== '') text += '\n'
    for (const [index, word] of line.entries()) {
      if (index > 0) text += ' '
      if (text.length + word.text.length > pageCharactersMax) return { text, words, confidences }
      words.push({ start: text.length, length: word.text.length, box: word.box })
      confidences.push(Math.round(word.confidence))
      text += word.text
    }
  }
  return { text, words, confidences }
}

function believable(line: readonly RecognizedWord[]): RecognizedWord[] {
  return line
    .map((word) => ({ ...word, text: storable(word.text) }))
    .filter(({ text, confidence, box }) => {
      return text !== '' && confidence >= confidenceMin && box[2] > 0 && box[3] > 0
    })
}

const storable = (text: string): string => text.replaceAll('\0', '').toWellFormed().trim()
