import fc from 'fast-check'
import { expect, test } from 'vitest'
import { guessLanguage } from './language.ts'
import { boxesOfRange, packWords, unpackWords, type Word } from './words.ts'

const share = fc.double({ min: 0, max: 1, noNaN: true })
const word: fc.Arbitrary<Word> = fc
  .record({
    start: fc.nat(0xffff_ffff),
    length: fc.nat(1_000),
    x: share,
    y: share,
    w: share,
    h: share,
  })
  .map(({ start, length, x, y, w, h }) => ({
    start,
    length,
    box: [x, y, w * (1 - x), h * (1 - y)],
  }))

test('words survive packing to a millionth of the page, and stay inside it', () => {
  fc.assert(
    fc.property(fc.array(word), (words) => {
      const packed = packWords(words)
      expect(packed).toHaveLength(words.length * 24)
      for (const [index, { start, length, box }] of unpackWords(packed).entries()) {
        expect([start, length]).toEqual([words[index]?.start, words[index]?.length])
        expect(box).toEqual(words[index]?.box.map((side) => expect.closeTo(side, 5)))
        const [x, y, width, height] = box
        expect(x + width <= 1 && y + height <= 1 && Math.min(...box) >= 0).toBe(true)
      }
    }),
  )
})

test('words are read from the middle of a larger buffer, and half a word is refused', () => {
  const packed = packWords([{ start: 1, length: 2, box: [0, 0, 1, 1] }])
  const larger = new Uint8Array(packed.length + 3)
  larger.set(packed, 3)
  expect(unpackWords(larger.subarray(3))).toEqual(unpackWords(packed))
  expect(() => unpackWords(packed.subarray(1))).toThrow(RangeError)
})

test('a range of the text has the boxes of the words it touches', () => {
  const words: Word[] = [0, 5, 10].map((start) => ({
    start,
    length: 4,
    box: [start / 100, 0, 0.04, 1],
  }))
  expect(boxesOfRange(words, 4, 6)).toEqual([[0.05, 0, 0.04, 1]])
  expect(boxesOfRange(words, 3, 11)).toHaveLength(3)
  expect(boxesOfRange(words, 4, 5)).toEqual([])
})

test.each([
  [
    'en',
    'It is a truth that the reader of a page in this language will find it by the words alone.',
  ],
  [
    'de',
    'Es ist eine Wahrheit, dass der Leser die Sprache auf einer Seite nicht nur an den Wörtern erkennt.',
  ],
  [
    'fr',
    'Il est une vérité que le lecteur trouve dans la page et qui ne dépend pas des mots pour elle.',
  ],
  [
    'ru',
    'Все счастливые семьи похожи друг на друга, каждая несчастливая семья несчастлива по-своему.',
  ],
  [
    'ja',
    'これは日本語で書かれた文章です。言語を当てるには十分な長さがなければなりませんから続けます。',
  ],
  [null, 'xyzzy plugh'],
  [null, 'qwrt zxcv bnmp lkjh gfds qwrt zxcv bnmp lkjh gfds qwrt zxcv bnmp lkjh'],
])('the language of a text is guessed as %s', (language, text) => {
  expect(guessLanguage(text)).toBe(language)
})
