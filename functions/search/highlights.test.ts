import { sql } from 'drizzle-orm'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { openTestDatabase } from '../../test/harness/setup.ts'
import { matchedRanges, placesOf, snippetOf } from './highlights.ts'
import { parseTsquery } from './tsquery.ts'

const packed = (...tokens: [type: number, length: number][]) =>
  tokens.map(([type, length]) => type + 64 * length)

test('tokens lie one after the other, compounds over their parts, wide characters as two units', () => {
  const text = '𝒜b c-d'
  const tokens = packed([2, 2], [12, 1], [16, 3], [11, 1], [12, 1], [11, 1])
  expect(placesOf(text, tokens).map(([from, to]) => text.slice(from, to))).toEqual([
    ...['𝒜b', 'c-d', 'c', 'd'],
  ])
})

test('ranges that overlap are one', () => {
  const query = parseTsquery(`'c-d' & 'c' & 'd'`)
  const tokens = packed([16, 3], [11, 1], [12, 1], [11, 1])
  const positions = new Map([
    ['c-d', [1]],
    ['c', [2]],
    ['d', [3]],
  ])
  expect(query && matchedRanges(query, { text: 'c-d', tokens, positions })).toEqual([[0, 3]])
})

const pieces = fc.array(
  fc.constantFrom(
    ...[
      'word',
      'Größe',
      '文書',
      '𝒜𝒷',
      ' ',
      '  ',
      '\n',
      'foo-bar',
      'a-1-b',
      '3.14',
      '-5e3',
      '1.2.3',
    ],
    ...[
      'me@example.org',
      'http://example.org/a/b?c=d',
      'example.org/x',
      '/usr/bin',
      '<b>',
      '&amp;',
    ],
    ...['.', ',', '-', '_', "'", '"', '@', '€', '\u0301', '\u200b', 'x'.repeat(2_100)],
  ),
  { maxLength: 25 },
)

// Where this fails, Postgres' parser makes tokens that the walk over them does not understand.
test('for any text, each position of its index is the place of its lexeme', async () => {
  const { db } = await openTestDatabase()
  await fc.assert(
    fc.asyncProperty(pieces, async (parts) => {
      const text = parts.join('')
      const [row] = await db.execute<{ tokens: string; words: string }>(sql`select
        (select coalesce(json_agg(t.tokid + 32 * (octet_length(t.token) >= 2047)::int
          + 64 * char_length(t.token)), '[]') from ts_parse('default', ${text}) t)::text as tokens,
        (select coalesce(json_agg(json_build_array(u.lexeme, u.positions)), '[]')
          from unnest(to_tsvector('octavo_text', ${text})) u)::text as words`)
      const places = placesOf(text, JSON.parse(row?.tokens ?? '') as number[])
      const words = JSON.parse(row?.words ?? '') as [string, number[]][]
      for (const [lexeme, positions] of words)
        for (const position of positions) {
          const [from, to] = places[position - 1] ?? [0, 0]
          const place = text.slice(from, to)
          // Part of an address is another kind of token when it stands alone; it is indexed as it is.
          const [found] = await db.execute<{ same: boolean }>(sql`select lower(${place}) = ${lexeme}
            or ${lexeme} = any(tsvector_to_array(to_tsvector('octavo_text', ${place}))) as same`)
          expect([lexeme, place, found?.same]).toEqual([lexeme, place, true])
        }
    }),
    { numRuns: 100 },
  )
})

test('a snippet shows where most hits are, in whole words, with its offsets right', () => {
  const text = `${'far '.repeat(100)}hit ${'gap '.repeat(100)}hit and hit and\nhit ${'end '.repeat(100)}`
  const ranges = [...text.matchAll(/hit/g)].map(({ index }) => [index, index + 3] as const)
  const { snippet, highlights } = snippetOf(text, ranges)
  expect(highlights.map(([from, to]) => snippet.slice(from, to))).toEqual(['hit', 'hit', 'hit'])
  expect(snippet).toMatch(/^gap .* hit and hit and hit end .* end$/)
  expect(snippet.length).toBeLessThan(300)
})

test('a snippet cuts no character, and shows the beginning where no place is known', () => {
  const wide = '𝒜'.repeat(1_000)
  const { snippet, highlights } = snippetOf(wide, [[801, 803]])
  expect(snippet.isWellFormed()).toBe(true)
  expect(highlights).toHaveLength(1)
  expect(snippetOf('short', [])).toEqual({ snippet: 'short', highlights: [] })
})
