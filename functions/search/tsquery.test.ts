import { expect, test } from 'vitest'
import { isAnchored, parseTsquery, spansOf, wantedLexemes } from './tsquery.ts'

const parse = (text: string) => {
  const node = parseTsquery(text)
  if (!node) throw new Error('the query is empty')
  return node
}

test('the text form of a query is read by its precedence', () => {
  expect(parse(`'a' | !'b' & 'c' <-> 'd' <3> 'e'`)).toEqual({
    type: 'or',
    left: { type: 'lexeme', lexeme: 'a' },
    right: {
      type: 'and',
      left: { type: 'not', operand: { type: 'lexeme', lexeme: 'b' } },
      right: {
        type: 'phrase',
        distance: 3,
        left: {
          type: 'phrase',
          distance: 1,
          left: { type: 'lexeme', lexeme: 'c' },
          right: { type: 'lexeme', lexeme: 'd' },
        },
        right: { type: 'lexeme', lexeme: 'e' },
      },
    },
  })
})

test('quotes and backslashes in a lexeme are read as they are meant', () => {
  expect(wantedLexemes(parse(`'it''s' & 'a\\\\b' & 'x':*AB`))).toEqual([`it's`, 'a\\b', 'x'])
})

test('an empty query is none, and what Postgres would not write is refused', () => {
  expect(parseTsquery('')).toBeNull()
  for (const text of ['&', `'a' &`, `('a'`, `'a' 'b'`, 'a'])
    expect(() => parseTsquery(text)).toThrow(SyntaxError)
})

test.each([
  [`'a'`, true],
  [`'a' & !'b'`, true],
  [`!'b'`, false],
  [`'a' | !'b'`, false],
  [`( 'a' | 'b' ) & !'c'`, true],
  [`!( 'a' & 'b' )`, false],
])('whether %s needs a word to be there is %s', (text, isIt) => {
  expect(isAnchored(parse(text))).toBe(isIt)
})

const positions = new Map([
  ['a', [1, 5, 9]],
  ['b', [2, 7, 10]],
  ['c', [11]],
])

test.each([
  [
    `'a'`,
    [
      [1, 1],
      [5, 5],
      [9, 9],
    ],
  ],
  [
    `'a' <-> 'b'`,
    [
      [1, 2],
      [9, 10],
    ],
  ],
  [`'a' <2> 'b'`, [[5, 7]]],
  [`'a' <-> 'b' <-> 'c'`, [[9, 11]]],
  [`'c' & !'b'`, [[11, 11]]],
  [`'c' | 'missing'`, [[11, 11]]],
])('%s stands at %j', (text, spans) => {
  expect(spansOf(parse(text), positions)).toEqual(spans)
})
