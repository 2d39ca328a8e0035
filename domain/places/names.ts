import { placeAliasesMax } from '../../db/schema/places.ts'

// Accents of Latin, Greek and Cyrillic, and the vowel signs that Hebrew and Arabic mostly leave out. Those of other scripts are
// letters to their readers, and so are the voice marks of Japanese.
const accents = /[[\p{M}&&[\p{sc=Inherited}\p{sc=Hebrew}\p{sc=Arabic}]]--[\u3099\u309a]]/gv
/** Letters that Unicode does not take apart, as keyboards without them have it. */
const plainLetters: Record<string, string> = {
  ...{ ł: 'l', ø: 'o', đ: 'd', ð: 'd', þ: 'th', ß: 'ss', æ: 'ae', œ: 'oe' },
  ...{ ı: 'i', ħ: 'h', ŧ: 't', ŋ: 'n', ς: 'σ' },
}
const unplain = new RegExp(`[${Object.keys(plainLetters).join('')}]`, 'g')

/**
 * How names of places are compared: accents, case, punctuation and width apart, words by single spaces. Empty when a text
 * has neither letters nor digits.
 * @example placeNameKey('São  Tomé (city)') // 'sao tome city'
 */
export const placeNameKey = (text: string): string =>
  text
    .normalize('NFKD')
    .replaceAll(accents, '')
    .toLowerCase()
    .replaceAll(unplain, (letter) => plainLetters[letter] ?? letter)
    .normalize('NFC')
    .replaceAll(/[^\p{L}\p{N}\p{M}]+/gu, ' ')
    .trim()

/** The keys by which a place is found in text, each once. */
export const placeNameKeys = (name: string, aliases: readonly string[]): string[] => [
  ...new Set([name, ...aliases.slice(0, placeAliasesMax)].map(placeNameKey).filter(Boolean)),
]
