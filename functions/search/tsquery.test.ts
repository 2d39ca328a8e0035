import fc from 'fast-check'
import { expect, test } from 'vitest'
import { spansOf } from './spans.ts'
import { formatTsquery, isAnchored, parseTsquery, type QueryNode, wantedWords } from './tsquery.ts'

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
  const query = parse(`'it''s' & 'a\\\\b' & 'x':*AB & !'y':*`)
  expect(wantedWords(query)).toEqual({ lexemes: [`it's`, 'a\\b'], prefixes: ['x'] })
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
  [`'b' <-> 'c':*`, [[10, 11]]],
  [
    `'a' <-> ('b':* | 'c')`,
    [
      [1, 2],
      [9, 10],
    ],
  ],
])('%s stands at %j', (text, spans) => {
  expect(spansOf(parse(text), positions)).toEqual(spans)
})

test('a prefix stands where any word that begins so stands', () => {
  const words = new Map([
    ['invoic', [3]],
    ['invoke', [1]],
    ['inv', [2]],
  ])
  expect(spansOf(parse(`'invo':*`), words)).toEqual([
    [3, 3],
    [1, 1],
  ])
})

const word = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !text.includes('\0'))
const { query: queries } = fc.letrec<{ query: QueryNode }>((tie) => ({
  query: fc.oneof(
    { maxDepth: 4 },
    fc.record({ type: fc.constant('lexeme' as const), lexeme: word }),
    fc.record({ type: fc.constant('prefix' as const), prefix: word }),
    fc.record({ type: fc.constant('not' as const), operand: tie('query') }),
    fc.record({
      type: fc.constantFrom('and' as const, 'or' as const),
      left: tie('query'),
      right: tie('query'),
    }),
    fc.record({
      type: fc.constant('phrase' as const),
      left: tie('query'),
      right: tie('query'),
      distance: fc.nat(9),
    }),
  ),
}))

test('what is written of a query reads back as the same query', () => {
  fc.assert(
    fc.property(queries, (query) => {
      expect(parseTsquery(formatTsquery(query))).toEqual(query)
    }),
  )
})
