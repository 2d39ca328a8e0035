import { lookOf } from './mentions-words.ts'
import { placeNameKey } from './names.ts'

type Named = { name: string; aliases: readonly string[] }

const exactCharsMax = 2
const acronymCharsMax = 4
// "The Bahamas" are "the Bahamas" in a sentence, and gazetteers write "Rio De Janeiro".
const oftenSmall = new Set(
  `the of on upon and de del della des di da do dos das du la le les el los las al y e et am an auf bei der den im in und
van sur sous na nad`.split(/\s/),
)
const wordPattern = /[\p{L}\p{N}][\p{L}\p{N}\p{M}]*/gu

/**
 * Is this place meant by these words of a text, which have the key of one of its names?
 * Where the name has a capital the text must have one; what has a letter or two must be written exactly so, and so must
 * an alias of up to four capitals, as "CAN" is of Guangzhou.
 * @returns by which of its names; `null` by none
 */
export function writtenName(quote: string, key: string, place: Named): 'name' | 'alias' | null {
  const isMeant = (form: string, charsExact: number): boolean =>
    placeNameKey(form) === key && isWritten(quote, form, charsExact)
  if (isMeant(place.name, exactCharsMax)) return 'name'
  // Of a gazetteer all in capitals they say nothing.
  const acronymChars = hasSmall(place.name) ? acronymCharsMax : 0
  const charsOf = (alias: string) =>
    Math.max(exactCharsMax, hasSmall(alias) || lookOf(alias) !== 'capital' ? 0 : acronymChars)
  return place.aliases.some((alias) => isMeant(alias, charsOf(alias))) ? 'alias' : null
}

const hasSmall = (text: string): boolean => /\p{Ll}/u.test(text)

function isWritten(quote: string, form: string, charsExact: number): boolean {
  const letters = form.normalize('NFC').match(/[\p{L}\p{N}]/gu) ?? []
  if (letters.length <= charsExact) return spelled(quote) === spelled(form)
  return hasItsCapitals(wordsIn(quote), wordsIn(form))
}

const spelled = (text: string): string => wordsIn(text.normalize('NFC')).join(' ')
const wordsIn = (text: string): readonly string[] => text.match(wordPattern) ?? []

function hasItsCapitals(written: readonly string[], meant: readonly string[]): boolean {
  if (!written.some((word) => ['capital', 'without_case'].includes(lookOf(word)))) return false
  // A name that is divided at the end of a line has more words there.
  const compared = written.length === meant.length ? meant : meant.slice(0, 1)
  return compared.every(
    (word, index) => lookOf(word) !== 'capital' || isCapitalEnough(written[index] ?? ''),
  )
}

const isCapitalEnough = (word: string): boolean => lookOf(word) !== 'small' || oftenSmall.has(word)
