import type { DocumentKind } from '../../../db/schema/index.ts'
import { openImage } from './image.ts'
import { loadPdfium, openPdf, type Pdfium } from './pdfium.ts'
import { ExtractionFailure } from './protocol.ts'
import { type DrawingScale, type Raster, rasterSize } from './raster.ts'

/** An open file whose pages can be drawn. Close it: its memory is not the garbage collector's. */
export type Drawing = {
  pageCount: number
  /**
   * Draws one page upright, as it is seen after rotation and crop box: a box of 0..1 times the picture's size is where
   * its word is. Bounded by `drawnPixelsMax`; a damaged page fails alone.
   * @param number from 1
   * @throws {ExtractionFailure} `damaged`, `out_of_memory`
   */
  draw(number: number, scale: DrawingScale): Promise<Raster>
  close(): void
}

type Source = { path: string; kind: DocumentKind | 'image'; password: string | null }

/**
 * Opens a file for drawing. It blocks and takes memory: only in a process that may be killed.
 * @throws {ExtractionFailure} `encrypted`, `damaged`, `out_of_memory`; `unsupported` for text, which has no picture
 */
export async function openDrawing({ path, kind, password }: Source): Promise<Drawing> {
  if (kind === 'pdf') return openPdfDrawing(path, password)
  if (kind === 'image') return openImage(path)
  throw new ExtractionFailure('unsupported', 'Only PDF files and images have pages to draw.')
}

async function openPdfDrawing(path: string, password: string | null): Promise<Drawing> {
  const pdfium = await loadPdfium()
  const pdf = openPdf(pdfium, path, password)
  return {
    pageCount: pdfium.native._FPDF_GetPageCount(pdf.document),
    draw: async (number, scale) => drawPdfPage(pdfium, pdf.document, { number, scale }),
    close: pdf.close,
  }
}

type PageAt = { number: number; scale: DrawingScale }

/** As {@link Drawing}, of a document that is open already. */
export function drawPdfPage(pdfium: Pdfium, document: number, { number, scale }: PageAt): Raster {
  const { native } = pdfium
  const page = native._FPDF_LoadPage(document, number - 1)
  if (page === 0) throw new ExtractionFailure('damaged', 'The page is damaged.')
  try {
    const widthPoints = native._FPDF_GetPageWidthF(page)
    const heightPoints = native._FPDF_GetPageHeightF(page)
    if (!(widthPoints > 0 && heightPoints > 0))
      throw new ExtractionFailure('damaged', 'The page has no size.')
    return drawOpenPage(pdfium, page, rasterSize({ widthPoints, heightPoints }, scale))
  } finally {
    native._FPDF_ClosePage(page)
  }
}

const bytesPerPixel = 4
// Names and values of fpdfview.h.
const bitmapBgra = 4
const drawAnnotations = 0x01
const reverseByteOrder = 0x10 // RGBA instead of BGRA
const opaqueWhite = 0xffffffff

function drawOpenPage(
  { native }: Pdfium,
  page: number,
  { width, height }: { width: number; height: number },
): Raster {
  const bytes = width * height * bytesPerPixel
  const address = native.wasmExports.malloc(bytes)
  if (address === 0) throw new ExtractionFailure('out_of_memory', 'The page is too large to draw.')
  const stride = width * bytesPerPixel
  const bitmap = native._FPDFBitmap_CreateEx(width, height, bitmapBgra, address, stride)
  try {
    native._FPDFBitmap_FillRect(bitmap, 0, 0, width, height, opaqueWhite)
    const flags = drawAnnotations | reverseByteOrder
    native._FPDF_RenderPageBitmap(bitmap, page, 0, 0, width, height, 0, flags)
    return { width, height, pixels: native.HEAPU8.slice(address, address + bytes) }
  } finally {
    native._FPDFBitmap_Destroy(bitmap)
    native.wasmExports.free(address)
  }
}
