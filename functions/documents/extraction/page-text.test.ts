import { expect, test } from 'vitest'
import { type Glyph, type GlyphSource, pageText } from './page-text.ts'

/** Glyphs of one line, each a hundredth wide; `-` at the end of a line is what the engine calls a hyphen. */
function source(lines: readonly string[]): GlyphSource {
  const glyphs = lines.flatMap((line, row): Glyph[] => {
    const end = row < lines.length - 1 && !line.endsWith('-') ? `${line}\r\n` : line
    return [...end].map((character, column) => ({
      code: character.codePointAt(0) ?? 0,
      ink: [column / 100, row / 10, (column + 1) / 100, (row + 1) / 10],
      endsLineByHyphen: character === '-' && column === line.length - 1,
    }))
  })
  return {
    count: glyphs.length,
    glyph: (index) => glyphs[index] as Glyph,
    line: (index) => glyphs[index]?.ink ?? [0, 0, 0, 0],
  }
}

const textOf = (...lines: string[]) => pageText(source(lines)).text
const wordsOf = (...lines: string[]) => {
  const { text, words } = pageText(source(lines))
  return words.map(({ start, length }) => text.slice(start, start + length))
}

test.each([
  ['several blanks are one', ['a   b'], 'a b'],
  ['blanks around a line end vanish', ['a ', ' b'], 'a\nb'],
  ['blanks at the ends of a page vanish', [' a '], 'a'],
  ['NUL, lone surrogates and noncharacters vanish', ['a\0\uD800\uFFFFb'], 'ab'],
  ['other control characters part words', ['a\u0003b'], 'a b'],
  ['a ligature is its letters', ['o\uFB03ce'], 'office'],
  ['a word broken by a hyphen is joined', ['exam-', 'ple'], 'example'],
  ['a hyphen before a capital stays', ['Franco-', 'German'], 'Franco-\nGerman'],
  ['a dash at the end of a line stays', ['so -', 'then'], 'so -\nthen'],
  ['a hyphen at the end of the page stays', ['end-'], 'end-'],
])('%s', (_rule, lines, text) => {
  expect(textOf(...lines)).toBe(text)
})

test('each word has its place in the text and the box of its glyphs', () => {
  const { text, words } = pageText(source(['ab cde']))
  expect(text).toBe('ab cde')
  expect(words).toEqual([
    { start: 0, length: 2, box: [0, 0, 0.02, 0.1] },
    { start: 3, length: 3, box: [0.03, 0, expect.closeTo(0.03), 0.1] },
  ])
})

test('the pieces of a broken word keep a box each', () => {
  expect(wordsOf('an exam-', 'ple of it')).toEqual(['an', 'exam', 'ple', 'of', 'it'])
})

test('offsets count UTF-16 units', () => {
  expect(wordsOf('😀 x', 'y')).toEqual(['😀', 'x', 'y'])
})

test('writing without blanks gives a word a character', () => {
  expect(wordsOf('東京 tower')).toEqual(['東', '京', 'tower'])
  expect(textOf('東京 tower')).toBe('東京 tower')
})

test('a line break between glyphs that stand beside each other on one line is none', () => {
  const raised = source(['a', ','])
  const beside: GlyphSource = {
    ...raised,
    line: (index) => [index / 300, 0, (index + 1) / 300, 0.1],
  }
  expect(pageText(beside).text).toBe('a,')
})
