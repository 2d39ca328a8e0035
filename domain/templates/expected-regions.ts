import type { LabelType } from '../../db/schema/annotations.ts'
import type { TemplateLabel } from '../../db/schema/templates.ts'
import { type Box, boxFault } from '../annotations/boxes.ts'
import { compileLabelFormat } from '../annotations/label-format.ts'
import { textOf, wordsInside } from '../annotations/region-text.ts'
import { hasValue } from '../annotations/required-fields.ts'
import { unpackWords, type Word } from '../documents/words.ts'

/** A page that has been read, as it is stored. */
export type ReadPage = {
  number: number // from 1
  widthPoints: number | null
  heightPoints: number | null
  text: string
  words: Uint8Array
}

export type ExpectedRegion = {
  page: number
  box: Box
  labelName: string
  labelType: LabelType
  value: string | null
}

type Place = { page: number | null; box: Box; fits: (value: string) => boolean }
export type ExpectedLabel = { name: string; type: LabelType; places: Place[] }

const valueCharactersMax = 10_000 // UTF-16 units; as of an annotation

/** Labels with their places, ready to be looked up on page after page; places off the page are left out. */
export const expectedLabels = (labels: readonly TemplateLabel[]): ExpectedLabel[] =>
  labels.flatMap(({ name, type, places, expected_format: source }) => {
    const format = source === null ? null : compileLabelFormat(source)
    const fits = (value: string) => format === null || format.matches(value)
    const inside = places.flatMap(({ page, box: [x = 0, y = 0, width = 0, height = 0] }) => {
      const box: Box = [x, y, width, height]
      return boxFault(box) === null ? [{ page, box, fits }] : []
    })
    return inside.length === 0 ? [] : [{ name, type, places: inside }]
  })

/**
 * The regions that labels expect on a page. A place on this very page is always one. A place on any page is one where
 * the label has no value to read (a signature), else where words stand that have the expected format: a
 * heading's place is not proposed on each of 500 pages that have none.
 */
export function expectedRegions(
  labels: readonly ExpectedLabel[],
  page: ReadPage,
): ExpectedRegion[] {
  let words: Word[] | undefined
  const valueIn = (box: Box): string | null => {
    words ??= unpackWords(page.words)
    const shape = { pageWidth: page.widthPoints ?? 1, pageHeight: page.heightPoints ?? 1 }
    const text = textOf(page.text, wordsInside(words, { box, rotation: 0, ...shape }))
    return text === '' ? null : cut(text)
  }
  return labels.flatMap(({ name: labelName, type: labelType, places }) =>
    places.flatMap(({ page: expected, box, fits }) => {
      if (expected !== null && expected !== page.number) return []
      const region = { page: page.number, box, labelName, labelType }
      if (!hasValue(labelType)) return [{ ...region, value: null }]
      const value = valueIn(box)
      const isThere = expected !== null || (value !== null && fits(value))
      return isThere ? [{ ...region, value }] : []
    }),
  )
}

function cut(text: string): string {
  if (text.length <= valueCharactersMax) return text
  const isSplit =
    text.codePointAt(valueCharactersMax - 1) !== text.charCodeAt(valueCharactersMax - 1)
  return text.slice(0, isSplit ? valueCharactersMax - 1 : valueCharactersMax)
}
