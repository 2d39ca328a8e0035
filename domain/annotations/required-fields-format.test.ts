import { expect, test } from 'vitest'
import { newFormatCheck } from './required-fields-format.ts'

test('one of the values is to have the format', () => {
  const hasFormat = newFormatCheck()
  expect(hasFormat('\\d+', ['a', '12', 'b'])).toBe(true)
  expect(hasFormat('\\d+', ['a', '12b'])).toBe(false)
  expect(hasFormat('[a-z]', ['12', 'b'])).toBe(true)
  expect(hasFormat('\\d+', [])).toBe(false)
})

test('what takes more work than there may be does not have it, and short values come first', () => {
  const long = '1'.repeat(1_000)
  expect(newFormatCheck(500)('\\d+', ['a', long])).toBe(true)
  const hasFormat = newFormatCheck(500)
  expect(hasFormat('\\d+x', [long])).toBe(false)
  expect(hasFormat('\\d+', ['1'])).toBe(false)
  expect(newFormatCheck(500)('\\d+', [`${long}x`, '1'])).toBe(true)
})
