import type { TextChoice, TextReason } from '../../../db/schema/text-sources.ts'

/** What the text layer of a page and the objects on it look like. */
export type PageMeasure = {
  characters: number // without blanks
  unreadable: number // of them: without a meaning in Unicode
  largestImageShare: number // of the page's area, 0..1
  isDrawnOn: boolean
}

export type TextSource = { textChoice: TextChoice; textReason: TextReason }

// A stamp, a page number or a running head on a scan has fewer; the first paragraph of a page has more.
const littleCharacters = 100
const largeImageShare = 0.5
// Icons and formulae use private characters too: a few of them are no reason to doubt the rest.
const garbledShare = 0.3
const garbledCharactersMin = 10

/** Where the text of a page is to come from, by what is on it. */
export function textSource(measure: PageMeasure): TextSource {
  const { characters, unreadable, largestImageShare, isDrawnOn } = measure
  if (characters === 0)
    return isDrawnOn
      ? { textChoice: 'ocr', textReason: 'no_text' }
      : { textChoice: 'text_layer', textReason: 'blank' }
  if (characters >= garbledCharactersMin && unreadable >= characters * garbledShare)
    return { textChoice: 'ocr', textReason: 'garbled_text' }
  if (characters < littleCharacters && largestImageShare >= largeImageShare)
    return { textChoice: 'mixed', textReason: 'little_text_and_a_large_image' }
  return { textChoice: 'text_layer', textReason: 'has_text' }
}

/** A page whose picture will not be read, because that is switched off. */
export function withoutRecognition<Page extends { textChoice: TextChoice | null }>(page: Page) {
  const isWhole = page.textChoice === null || page.textChoice === 'text_layer'
  return isWhole
    ? page
    : { ...page, textChoice: 'text_layer' as const, textReason: 'ocr_off' as const }
}
