import type { LabelType } from '../../db/schema/annotations.ts'
import type { TemplateLabel } from '../../db/schema/templates.ts'
import { type Box, boxFault } from '../annotations/boxes.ts'
import { compileLabelFormat, type LabelFormat } from '../annotations/label-format.ts'
import { textOf, wordsInside } from '../annotations/region-text.ts'
import { hasValue } from '../annotations/required-fields.ts'
import { unpackWords, type Word } from '../documents/words.ts'
import { formatSteps, type LookingWork } from './looking-work.ts'

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

type Place = { page: number | null; box: Box; format: LabelFormat | null }
export type ExpectedLabel = { name: string; type: LabelType; places: Place[] }

const valueCharactersMax = 10_000 // UTF-16 units; as of an annotation
// What is proposed on any page has to look like its format; nobody expects that of a longer text.
const formattedCharactersMax = 1_000

/** Labels with their places, ready to be looked up on page after page; places off the page are left out. */
export const expectedLabels = (labels: readonly TemplateLabel[]): ExpectedLabel[] =>
  labels.flatMap(({ name, type, places, expected_format: source }) => {
    const format = source === null ? null : compileLabelFormat(source)
    const inside = places.flatMap(({ page, box: [x = 0, y = 0, width = 0, height = 0] }) => {
      const box: Box = [x, y, width, height]
      return boxFault(box) === null ? [{ page, box, format }] : []
    })
    return inside.length === 0 ? [] : [{ name, type, places: inside }]
  })

/**
 * The regions that labels expect on a page. A place on this very page is always one. A place on any page is one where
 * the label has no value to read (a signature), else where words stand that have the expected format: a
 * heading's place is not proposed on each of 500 pages that have none.
 * @throws {ApplicationTooLarge} there is no work left
 */
export async function expectedRegions(
  labels: readonly ExpectedLabel[],
  page: ReadPage,
  work: LookingWork,
): Promise<ExpectedRegion[]> {
  const words = unpackWords(page.words)
  const regions: ExpectedRegion[] = []
  for (const { name: labelName, type: labelType, places } of labels)
    for (const place of places) {
      if (place.page !== null && place.page !== page.number) continue
      const region = { page: page.number, box: place.box, labelName, labelType }
      await work.spend(1 + words.length)
      const value = hasValue(labelType) ? valueIn(place.box, words, page) : null
      const isThere =
        place.page !== null || !hasValue(labelType) || (await fits(value, place, work))
      if (isThere) regions.push({ ...region, value })
    }
  return regions
}

function valueIn(box: Box, words: readonly Word[], page: ReadPage): string | null {
  const shape = { pageWidth: page.widthPoints ?? 1, pageHeight: page.heightPoints ?? 1 }
  const text = textOf(page.text, wordsInside(words, { box, rotation: 0, ...shape }))
  return text === '' ? null : cut(text)
}

async function fits(value: string | null, { format }: Place, work: LookingWork): Promise<boolean> {
  if (value === null) return false
  if (format === null) return true
  if (value.length > formattedCharactersMax) return false
  const { isMatch, steps } = format.measure(value)
  await work.spend(steps * formatSteps)
  return isMatch
}

function cut(text: string): string {
  if (text.length <= valueCharactersMax) return text
  const isSplit =
    text.codePointAt(valueCharactersMax - 1) !== text.charCodeAt(valueCharactersMax - 1)
  return text.slice(0, isSplit ? valueCharactersMax - 1 : valueCharactersMax)
}
