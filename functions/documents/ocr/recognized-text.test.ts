import { expect, test } from 'vitest'
import type { Box } from '../../../domain/documents/words.ts'
import { mixedText } from './mixing.ts'
import { type RecognizedWord, recognizedText } from './recognized-text.ts'

const at = (column: number, row = 0): Box => [column / 10, row / 10, 0.08, 0.05]
const word = (text: string, box: Box = at(0), confidence = 90): RecognizedWord => ({
  text,
  box,
  confidence,
})
const pieces = ({ text, words }: ReturnType<typeof recognizedText>) =>
  words.map(({ start, length }) => text.slice(start, start + length))

test('words are parted by one space, lines by one break, and each word stands where it says', () => {
  const found = recognizedText([[word('one'), word('two', at(1))], [], [word('three', at(0, 1))]])
  expect(found.text).toBe('one two\nthree')
  expect(pieces(found)).toEqual(['one', 'two', 'three'])
})

test('a word that a hyphen broke is whole in the text and two words with a box each', () => {
  const found = recognizedText([
    [word('an'), word('exam-', at(1))],
    [word('ple', at(0, 1)), word('of', at(1, 1))],
  ])
  expect(found.text).toBe('an example of')
  expect(pieces(found)).toEqual(['an', 'exam', 'ple', 'of'])
  expect(recognizedText([[word('Franco-')], [word('German')]]).text).toBe('Franco-\nGerman')
})

test('specks, empty words and what no database can keep are left out', () => {
  const found = recognizedText([
    [word('|', at(0), 3), word(' '), word('a\u0000b', at(1)), word('c', [0.5, 0.5, 0, 0.1])],
  ])
  expect(found).toMatchObject({ text: 'ab', confidences: [90] })
})

test('a recognized word that lies on one of the text layer is that word, and others follow it', () => {
  const layer = {
    text: 'Exhibit 7',
    words: [
      { start: 0, length: 7, box: at(0) },
      { start: 8, length: 1, box: at(1) },
    ],
  }
  const [x, y, width, height] = at(0)
  const found = mixedText(layer, [
    [
      word('Exhiblt', [x + width / 4, y, width, height]),
      word('beside', [x, y + height, width, height]),
    ],
  ])
  expect(found.text).toBe('Exhibit 7\nbeside')
  expect(pieces(found)).toEqual(['Exhibit', '7', 'beside'])
  expect(found.confidences).toEqual([255, 255, 90])
  expect(mixedText(layer, [])).toMatchObject({ text: 'Exhibit 7', confidences: [255, 255] })
})
