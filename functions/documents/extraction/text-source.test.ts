import { expect, test } from 'vitest'
import { textSource } from './text-source.ts'

const page = { characters: 2_000, unreadable: 0, largestImageShare: 0, isDrawnOn: true }

test.each([
  ['a page of text', {}, 'text_layer', 'has_text'],
  ['text on a large picture', { largestImageShare: 1 }, 'text_layer', 'has_text'],
  [
    'a scan with a stamp',
    { characters: 12, largestImageShare: 1 },
    'mixed',
    'little_text_and_a_large_image',
  ],
  [
    'a title page with a logo',
    { characters: 12, largestImageShare: 0.1 },
    'text_layer',
    'has_text',
  ],
  ['a scan', { characters: 0, largestImageShare: 1 }, 'ocr', 'no_text'],
  ['text drawn as outlines', { characters: 0 }, 'ocr', 'no_text'],
  ['an empty page', { characters: 0, isDrawnOn: false }, 'text_layer', 'blank'],
  ['a text layer of wrong codes', { unreadable: 1_500 }, 'ocr', 'garbled_text'],
  ['text with some icons', { unreadable: 100 }, 'text_layer', 'has_text'],
  ['a few icons', { characters: 3, unreadable: 3 }, 'text_layer', 'has_text'],
] as const)('%s', (_, measure, textChoice, textReason) => {
  expect(textSource({ ...page, ...measure })).toEqual({ textChoice, textReason })
})
