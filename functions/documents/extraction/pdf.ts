import { packWords } from '../../../domain/documents/words.ts'
import { type Edges, type GlyphSource, pageText } from './page-text.ts'
import { measureObjects, measureText } from './pdf-measure.ts'
import {
  loadPdfium,
  metaText,
  openPdf,
  type Pdfium,
  scratchDoubles,
  scratchFloats,
  toDevice,
} from './pdfium.ts'
import {
  type ChildMessage,
  type ExtractedPage,
  ExtractionFailure,
  type StartMessage,
  unreadPage,
} from './protocol.ts'
import { textSource } from './text-source.ts'

const deviceSide = 1_000_000 // pixels; a millionth of the page is the precision of a box
const metadataCharactersMax = 500
const isHighSurrogate = (code: number) => code >= 0xd800 && code <= 0xdbff

/**
 * Reads a PDF page by page.
 * @throws {ExtractionFailure} for the whole document; a page that cannot be read is yielded with its code
 */
export async function* readPdf(start: StartMessage): AsyncGenerator<ChildMessage> {
  const { pdfium, document } = await openPdfPages(start.path, start.password)
  const pageCount = pdfium.native._FPDF_GetPageCount(document)
  if (pageCount < 1) throw new ExtractionFailure('damaged', 'The file is damaged: it has no pages.')
  if (pageCount > start.pagesMax) {
    throw new ExtractionFailure(
      'too_many_pages',
      `The document has ${pageCount} pages; at most ${start.pagesMax} are read.`,
    )
  }
  yield {
    type: 'document',
    pageCount,
    title: metadata(pdfium, document, 'Title'),
    author: metadata(pdfium, document, 'Author'),
  }
  for (let number = start.fromPage; number <= pageCount; number++) {
    yield { type: 'page', page: readPage(pdfium, document, number) }
  }
}

/** @throws {ExtractionFailure} as {@link openPdf} */
export async function openPdfPages(path: string, password: string | null) {
  const pdfium = await loadPdfium()
  const { document } = openPdf(pdfium, path, password)
  return { pdfium, document }
}

function metadata(pdfium: Pdfium, document: number, tag: string): string | null {
  const text = metaText(pdfium, document, tag)?.toWellFormed().replaceAll('\0', '')
  return text ? text.slice(0, metadataCharactersMax).toWellFormed() : null
}

/** The text layer of one page, and where its text should come from. */
export function readPage(pdfium: Pdfium, document: number, number: number): ExtractedPage {
  const { native } = pdfium
  const page = native._FPDF_LoadPage(document, number - 1)
  if (page === 0) return brokenPage(number)
  const { rotation, toPage } = geometry(pdfium, page)
  const widthPoints = native._FPDF_GetPageWidthF(page)
  const heightPoints = native._FPDF_GetPageHeightF(page)
  const textPage = native._FPDFText_LoadPage(page)
  if (textPage === 0) {
    native._FPDF_ClosePage(page)
    return { ...brokenPage(number), widthPoints, heightPoints, rotation }
  }
  const { text, words } = pageText(glyphs(pdfium, textPage, toPage))
  native._FPDFText_ClosePage(textPage)
  const source = textSource({ ...measureText(text), ...measureObjects(pdfium, page) })
  native._FPDF_ClosePage(page)
  return {
    ...source,
    number,
    widthPoints,
    heightPoints,
    rotation,
    text,
    words: packWords(words),
    confidences: null,
    failureCode: null,
  }
}

const brokenPage = (number: number): ExtractedPage => unreadPage(number, 'damaged')

type ToPage = (left: number, bottom: number, right: number, top: number) => Edges

/**
 * How the page's own coordinates become 0..1 of what is seen. Asked from the engine at three corners, so that
 * boxes follow exactly the rotation and crop by which the same engine draws the page.
 */
function geometry(pdfium: Pdfium, page: number) {
  pdfium.native._FPDF_GetPageBoundingBox(page, pdfium.scratch)
  const [left, top, right, bottom] = scratchFloats(pdfium)
  const origin = toDevice(pdfium, page, deviceSide, left, bottom)
  const along = toDevice(pdfium, page, deviceSide, right, bottom)
  const up = toDevice(pdfium, page, deviceSide, left, top)
  const point = (x: number, y: number) => {
    const [u, v] = [(x - left) / (right - left || 1), (y - bottom) / (top - bottom || 1)]
    return {
      x: origin.x + u * (along.x - origin.x) + v * (up.x - origin.x),
      y: origin.y + u * (along.y - origin.y) + v * (up.y - origin.y),
    }
  }
  const toPage: ToPage = (l, b, r, t) => {
    const [a, c] = [point(l, b), point(r, t)]
    return [Math.min(a.x, c.x), Math.min(a.y, c.y), Math.max(a.x, c.x), Math.max(a.y, c.y)]
  }
  return { rotation: quarterTurn(along.x - origin.x, along.y - origin.y), toPage }
}

/** Clockwise turn of the page's bottom edge as it is seen, y downwards. */
function quarterTurn(x: number, y: number): ExtractedPage['rotation'] {
  if (Math.abs(x) >= Math.abs(y)) return x >= 0 ? 0 : 180
  return y > 0 ? 90 : 270
}

function glyphs(pdfium: Pdfium, textPage: number, toPage: ToPage): GlyphSource {
  const { native, scratch } = pdfium
  const looseBox = (index: number): [number, number, number, number] => {
    native._FPDFText_GetLooseCharBox(textPage, index, scratch)
    const [left, top, right, bottom] = scratchFloats(pdfium)
    return [left, bottom, right, top]
  }
  const inkBox = (index: number): Edges | null => {
    native._FPDFText_GetCharBox(textPage, index, scratch, scratch + 8, scratch + 16, scratch + 24)
    const [left, right, bottom, top] = scratchDoubles(pdfium)
    // Fonts without outlines have no ink; their nominal box is the next best.
    const box =
      right > left && top > bottom ? ([left, bottom, right, top] as const) : looseBox(index)
    return box.every(Number.isFinite) ? toPage(...box) : null
  }
  return {
    count: Math.max(0, native._FPDFText_CountChars(textPage)),
    glyph(index) {
      const code = native._FPDFText_GetUnicode(textPage, index) >>> 0
      const pair = isHighSurrogate(code) ? native._FPDFText_GetUnicode(textPage, index + 1) : 0
      const isPair = pair >= 0xdc00 && pair <= 0xdfff
      return {
        code: isPair ? 0x10000 + ((code - 0xd800) << 10) + (pair - 0xdc00) : code,
        ink: code > 0x20 ? inkBox(index) : null,
        endsLineByHyphen: code === 2 && native._FPDFText_IsHyphen(textPage, index) === 1,
      }
    },
    line(index) {
      const [left, bottom, right, top] = looseBox(index)
      return [left, -top, right, -bottom]
    },
  }
}
