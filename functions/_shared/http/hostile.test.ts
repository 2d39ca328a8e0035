import { expect, test } from 'vitest'
import { hostileValue } from './hostile.ts'

const nested = (levels: number): unknown =>
  Array.from({ length: levels }).reduce<unknown>((inner) => [inner], 1)

test.each([
  ['NUL in a text', { a: ['x\u0000'] }, { pointer: '/a/0', code: 'nul' }],
  ['NUL in a key', { a: { 'k\u0000': 1 } }, { pointer: '/a', code: 'nul' }],
  ['a lone surrogate', { a: '\ud800' }, { pointer: '/a', code: 'lone_surrogate' }],
  ['a number that overflowed', JSON.parse('{"n":1e999}'), { pointer: '/n', code: 'not_finite' }],
  ['a reserved key', JSON.parse('{"__proto__":1}'), { pointer: '/__proto__', code: 'reserved' }],
  ['33 levels', nested(33), { code: 'too_deep' }],
  ['a key with a slash, escaped', { 'a/b~c': '\u0000' }, { pointer: '/a~1b~0c', code: 'nul' }],
])('refuses %s and says where', (_, value, expected) => {
  expect(hostileValue(value)).toMatchObject(expected)
})

test.each([
  ['text beyond the basic plane', { a: '😀' }],
  ['32 levels', nested(32)],
  ['null, booleans and finite numbers', [null, true, -0, 1e308]],
])('accepts %s', (_, value) => {
  expect(hostileValue(value)).toBeNull()
})
