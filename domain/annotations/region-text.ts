import type { Word } from '../documents/words.ts'
import type { Box } from './boxes.ts'

/** Where a region is on its page, and how the page is shaped: boxes are shares of sides that differ in length. */
export type RegionOnPage = { box: Box; rotation: number; pageWidth: number; pageHeight: number }

/** The words of a page whose middle lies in a region, in their order. */
export function wordsInside(words: readonly Word[], region: RegionOnPage): Word[] {
  const { box, rotation, pageWidth, pageHeight } = region
  const [x, y, width, height] = box
  const [middleX, middleY] = [x + width / 2, y + height / 2]
  const angle = (-rotation * Math.PI) / 180
  return words.filter(({ box: [left, top, wordWidth, wordHeight] }) => {
    // Turned back with the region around its middle, in lengths of the page and not in shares of its sides.
    const across = (left + wordWidth / 2 - middleX) * pageWidth
    const down = (top + wordHeight / 2 - middleY) * pageHeight
    const turnedAcross = across * Math.cos(angle) - down * Math.sin(angle)
    const turnedDown = across * Math.sin(angle) + down * Math.cos(angle)
    return (
      Math.abs(turnedAcross) <= (width * pageWidth) / 2 &&
      Math.abs(turnedDown) <= (height * pageHeight) / 2
    )
  })
}

/** Words as text: a line of the page stays one, and what stands between two words becomes a space. */
export function textOf(pageText: string, words: readonly Word[]): string {
  let text = ''
  let end = 0
  for (const { start, length } of words) {
    if (text !== '') text += pageText.slice(end, start).includes('\n') ? '\n' : ' '
    text += pageText.slice(start, start + length)
    end = start + length
  }
  return text
}
