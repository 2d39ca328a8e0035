import { type Pdfium, scratchFloats } from './pdfium.ts'
import type { PageMeasure } from './text-source.ts'

// Of fpdfview.h.
const imageObject = 3
const formObject = 5
// A page of ten thousand small pieces is no scan, and asking for each would take longer than its text.
const objectsAskedMax = 500
// What a form holds is drawn inside the form's own box; forms in forms in forms are asked no further.
const formDepthMax = 2

const replacement = 0xfffd
const isPrivate = (code: number) => (code >= 0xe000 && code <= 0xf8ff) || code >= 0xf0000

/** Counts the characters of a page's text and of those the ones that mean nothing to anybody. */
export function measureText(text: string): Pick<PageMeasure, 'characters' | 'unreadable'> {
  const counts = { characters: 0, unreadable: 0 }
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0
    if (character === ' ' || character === '\n') continue
    counts.characters += 1
    if (code === replacement || isPrivate(code)) counts.unreadable += 1
  }
  return counts
}

/** Is anything drawn on the page, and what share of it does its largest image cover? */
export function measureObjects(
  pdfium: Pdfium,
  page: number,
): Pick<PageMeasure, 'largestImageShare' | 'isDrawnOn'> {
  const { native, scratch } = pdfium
  const count = native._FPDFPage_CountObjects(page)
  native._FPDF_GetPageBoundingBox(page, scratch)
  const [left, top, right, bottom] = scratchFloats(pdfium)
  const pageEdges = { left, bottom, right, top }
  const pageArea = (right - left) * (top - bottom)
  let largest = 0
  for (let index = 0; index < Math.min(count, objectsAskedMax); index++) {
    const object = native._FPDFPage_GetObject(page, index)
    if (holdsImage(pdfium, object, 0))
      largest = Math.max(largest, visibleArea(pdfium, object, pageEdges))
  }
  // A filled form or a stamp is drawn, and no object of the page.
  const isDrawnOn = count > 0 || native._FPDFPage_GetAnnotCount(page) > 0
  return { isDrawnOn, largestImageShare: pageArea > 0 ? largest / pageArea : 0 }
}

function holdsImage(pdfium: Pdfium, object: number, depth: number): boolean {
  const { native } = pdfium
  const type = native._FPDFPageObj_GetType(object)
  if (type === imageObject) return true
  if (type !== formObject || depth >= formDepthMax) return false
  const count = Math.min(native._FPDFFormObj_CountObjects(object), objectsAskedMax)
  for (let index = 0; index < count; index++)
    if (holdsImage(pdfium, native._FPDFFormObj_GetObject(object, index), depth + 1)) return true
  return false
}

type PageEdges = { left: number; bottom: number; right: number; top: number }

function visibleArea(pdfium: Pdfium, object: number, page: PageEdges): number {
  const { native, scratch } = pdfium
  const isKnown = native._FPDFPageObj_GetBounds(
    object,
    scratch,
    scratch + 4,
    scratch + 8,
    scratch + 12,
  )
  if (isKnown === 0) return 0
  const [left, bottom, right, top] = scratchFloats(pdfium)
  const width = Math.min(right, page.right) - Math.max(left, page.left)
  const height = Math.min(top, page.top) - Math.max(bottom, page.bottom)
  return Math.max(0, width) * Math.max(0, height)
}
