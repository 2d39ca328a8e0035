import { expect, test } from 'vitest'
import { storableFault, storableResult } from './storable.ts'

const circular: Record<string, unknown> = {}
circular.self = { list: [circular] }

function nested(levels: number): Record<string, unknown> {
  return levels === 0 ? {} : { below: nested(levels - 1) }
}

test.each<[string, unknown, string]>([
  ['NUL in a text', { a: ['x\0'] }, 'result.a[0] contains the character NUL'],
  ['NUL in a name', { 'a\0': 1 }, 'a name in result contains the character NUL'],
  ['half of a surrogate pair', { a: '\uD83D' }, 'result.a contains half of a surrogate pair'],
  ['itself', circular, 'result.self.list[0] contains itself'],
  ['NaN', { a: Number.NaN }, 'result.a is NaN'],
  ['Infinity', { a: Number.POSITIVE_INFINITY }, 'result.a is Infinity'],
  ['undefined', { a: undefined }, 'result.a is undefined'],
  ['a hole of a list', { a: new Array(1) }, 'result.a[0] is undefined'],
  ['a bigint', { a: 1n }, 'result.a is a bigint'],
  ['a function', { a: () => 1 }, 'result.a is a function'],
  ['a date', { a: new Date(0) }, 'result.a is a Date, not plain JSON'],
  ['a map', { a: new Map() }, 'result.a is a Map, not plain JSON'],
  ['too many levels', nested(100), 'lies deeper than 64 levels'],
  ['too long a text', { a: 'x'.repeat(262_144) }, 'larger than 256 KiB'],
  ['a text that JSON makes too long', { a: '\u0001'.repeat(50_000) }, 'larger than 256 KiB'],
  ['too long a list', { a: new Array(200_000).fill(1) }, 'larger than 256 KiB'],
  ['no object', 'text', 'result is no object'],
  ['a list', [1], 'result is no object'],
])('a result with %s is refused by name', (_, result, message) => {
  expect(() => storableResult(result)).toThrow(
    expect.objectContaining({
      code: 'invalid_result',
      isFinal: false,
      message: expect.stringContaining(message),
    }),
  )
})

test.each([
  [{}],
  [{ a: [1, -0.5, true, null, 'ü 😀 \u0001'], b: { c: [] } }],
  [{ a: 'ü'.repeat(100_000) }],
  [Object.assign(Object.create(null), { a: 1 })],
  [{ twice: [circular.none ?? 1, 1], same: [null, null] }],
])('a result of plain JSON is stored as it is', (result) => {
  expect(storableResult(result)).toBe(result)
})

test('no result is null', () => {
  expect([storableResult(undefined), storableResult(null)]).toEqual([null, null])
})

test('an error is made fit to be stored and never lost', () => {
  const message = `no\0 good \uD800${'x'.repeat(5_000)}`
  const stored = storableFault({ code: 'a\0', message, isFinal: true })
  expect(stored).toMatchObject({ code: 'a\uFFFD', isFinal: true })
  expect(stored.message).toMatch(/^no\uFFFD good \uFFFDx+$/)
  expect(stored.message).toHaveLength(2_000)
})

test('an error that holds no text at all is told, too', () => {
  const fault = { code: '', message: undefined as unknown as string }
  expect(storableFault(fault)).toEqual({ code: 'internal', message: 'undefined' })
})
