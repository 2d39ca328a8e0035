import { expect, test } from 'vitest'
import { didYouMean } from './suggestion.ts'

test.each([
  ['statsu', 'status'],
  ['Limit', 'limit'],
  ['curser', 'cursor'],
  ['zzz', null],
  ['x'.repeat(5_000), null],
])('for %s the suggestion is %s', (given, expected) => {
  expect(didYouMean(given, ['status', 'limit', 'cursor'])).toBe(expected)
})
