import { expect, test } from 'vitest'
import { placeNameKey, placeNameKeys } from './names.ts'

test.each([
  ['São  Tomé (city)', 'sao tome city'],
  ['ＴＯＫＹＯ', 'tokyo'],
  ["N'Djamena", 'n djamena'],
  ['東京', '東京'],
  ['Łódź', 'lodz'],
  ['STRAẞE', 'strasse'],
  ['İzmir, Diyarbakır', 'izmir diyarbakir'],
  ['Tromsø', 'tromso'],
  ['ガーナ', 'ガーナ'],
  ['दिल्ली', 'दिल्ली'],
  ['서울', '서울'],
  ['ΑΘΗΝΑΣ', 'αθηνασ'],
  ['…', ''],
])('the key of %s is %j', (name, key) => {
  expect(placeNameKey(name)).toBe(key)
})

test('a place is found by its name and each alias, once', () => {
  expect(placeNameKeys('Köln', ['Cologne', 'KOLN', '—'])).toEqual(['koln', 'cologne'])
})
