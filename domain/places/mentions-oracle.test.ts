import fc from 'fast-check'
import { expect, test } from 'vitest'
import { mentionsOf } from './mentions.ts'
import { placeNameKey } from './names.ts'

const vocabulary = ['York', 'New', 'YORK', 'new', 'Québec', 'Rio', 'de', 'City', 'Ö', 'o']
const separators = [' ', '\n', '-', "'", ', ', '. ', '; ', '\n\n', ' (', ') ', '  ']

const texts = fc
  .array(fc.tuple(fc.constantFrom(...vocabulary), fc.constantFrom(...separators)), {
    maxLength: 14,
  })
  .map((pairs) => pairs.flat().join(''))
const names = fc
  .array(fc.constantFrom(...vocabulary), { minLength: 1, maxLength: 4 })
  .map((words) => words.join(' '))

const isWordCharacter = (text: string, at: number): boolean => /[\p{L}\p{N}]/u.test(text[at] ?? ' ')
const shows = (word: string | undefined): boolean => /\p{Lu}/u.test(word ?? '')

/** Is this stretch of the text the name, with nothing in it that ends a name? Written from the rules alone. */
function isName(stretch: string, name: string): boolean {
  if (placeNameKey(stretch) !== placeNameKey(name)) return false
  if (/;|\n\n/.test(stretch) || /\p{L}{3,}\. /u.test(stretch)) return false
  const [written, meant] = [stretch, name].map((text) => text.match(/\p{L}+/gu) ?? [])
  if (!written || !meant || !beginsAName(written)) return false
  if (meant.join('').length <= 2) return written.join(' ') === name
  return meant.every((word, index) => !shows(word) || shows(written[index]))
}

/** By a capital, or by something short before one. */
const beginsAName = ([first = '', second]: readonly string[]): boolean =>
  shows(first) || (first.length <= 3 && shows(second))

/** Tries every stretch of the text with every name, the longest first. */
function naively(text: string, gazetteer: readonly string[]): [number, number][] {
  const all: [start: number, end: number][] = []
  for (let start = 0; start < text.length; start += 1)
    for (let end = start + 1; end <= text.length; end += 1) {
      const isWhole =
        isWordCharacter(text, start) &&
        isWordCharacter(text, end - 1) &&
        !isWordCharacter(text, start - 1) &&
        !isWordCharacter(text, end)
      if (isWhole && gazetteer.some((name) => isName(text.slice(start, end), name)))
        all.push([start, end])
    }
  all.sort(([a, b], [c, d]) => d - c - (b - a) || a - c)
  const kept: [number, number][] = []
  for (const [start, end] of all)
    if (kept.every(([from, to]) => end <= from || start >= to)) kept.push([start, end])
  return kept.sort(([one], [other]) => one - other)
}

test('the same names are found as by trying every stretch of the text', () => {
  fc.assert(
    fc.property(texts, fc.uniqueArray(names, { maxLength: 6 }), (text, gazetteer) => {
      const places = gazetteer.map((name) => ({ id: name, name, aliases: [] }))
      const byKey = Map.groupBy(places, ({ name }) => placeNameKey(name))
      const found = mentionsOf(text, byKey).map(({ start, end }) => [start, end])
      expect(found).toEqual(naively(text, gazetteer))
    }),
    { numRuns: 2_000 },
  )
})
