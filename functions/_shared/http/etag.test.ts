import { expect, test } from 'vitest'
import { etagOf, isUnchanged, parseIfMatch } from './etag.ts'

test('a version and its strong entity tag name each other', () => {
  expect(parseIfMatch(etagOf(7))).toEqual([7])
})

test.each([
  ['an absent header expects nothing', null, null],
  ['a star expects nothing in particular', '*', null],
  ['a list expects any of its versions', '"v1", "v22"', [1, 22]],
  ['a weak tag never matches strongly', 'W/"v3"', [-1]],
  ['a tag that we never made matches nothing', '"abc"', [-1]],
  ['a number beyond any version matches nothing', '"v99999999999999999999"', [-1]],
  ['a number that no column holds matches nothing', '"v999999999999999", "v2147483648"', [-1, -1]],
])('If-Match: %s', (_, header, versions) => {
  expect(parseIfMatch(header)).toEqual(versions)
})

test.each([
  ['the same version', '"v3"', true],
  ['the same version, weakly', 'W/"v3"', true],
  ['one of a list', '"v1", "v3"', true],
  ['a star', '*', true],
  ['another version', '"v2"', false],
  ['no header', null, false],
])('If-None-Match: %s is unchanged %s', (_, header, expected) => {
  expect(isUnchanged(header, 3)).toBe(expected)
})
