import { placeAliasesMax } from '../../db/schema/places.ts'

/**
 * How names of places are compared: accents, case, punctuation and width apart, words by single spaces. Empty when a text
 * has neither letters nor digits.
 * @example placeNameKey('São  Tomé (city)') // 'sao tome city'
 */
export const placeNameKey = (text: string): string =>
  text
    .normalize('NFKD')
    .replaceAll(/\p{M}+/gu, '')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()

/** The keys by which a place is found in text, each once. */
export const placeNameKeys = (name: string, aliases: readonly string[]): string[] => [
  ...new Set([name, ...aliases.slice(0, placeAliasesMax)].map(placeNameKey).filter(Boolean)),
]
