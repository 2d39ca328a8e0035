import sharp, { type Metadata } from 'sharp'
import {
  type ChildMessage,
  type ExtractedPage,
  ExtractionFailure,
  type StartMessage,
} from './protocol.ts'
import { type DrawingScale, type PageSize, type Raster, rasterSize } from './raster.ts'

/**
 * Pixels of one page of an image file, by its own header: an A4 page at 900 dpi. A small file that announces more is
 * refused before anything is decoded.
 */
export const imagePixelsMax = 80_000_000
const pointsPerInch = 72
const dpiWithin = { min: 30, max: 2_400 } // outside, a camera or a program has written nonsense
// By EXIF orientation, the clockwise turn that was needed. The mirrored ones are turned like their neighbours.
const turns = [0, 0, 0, 180, 180, 90, 90, 270, 270] as const

// One page at a time in a process of its own: libvips' own threads and cache would only add memory.
sharp.concurrency(1)
sharp.cache(false)

/** `nativeDpi`: of the stored pixels, as the file says or {@link pointsPerInch}. */
export type ImageSize = PageSize & { nativeDpi: number; rotation: ExtractedPage['rotation'] }

/** An open image file: a PNG or JPEG is one page, a TIFF has as many as it has directories. */
export type OpenImage = {
  pageCount: number
  /** Upright, in points: pixels by the file's resolution, one pixel a point where it has none. */
  size(number: number): Promise<ImageSize>
  draw(number: number, scale: DrawingScale): Promise<Raster>
  close(): void
}

/** @throws {ExtractionFailure} `damaged`, or `unsupported` when it has more pixels than {@link imagePixelsMax} */
export async function openImage(path: string): Promise<OpenImage> {
  const { pages = 1 } = await pageMetadata(path, 1)
  const size = async (number: number) => imageSize(await pageMetadata(path, number))
  return {
    pageCount: pages,
    size,
    draw: async (number, scale) => drawPage(path, number, rasterSize(await size(number), scale)),
    close: () => {},
  }
}

/** Lists the pages of an image, without looking at a pixel: their text is recognized later, page by page. */
export async function* readImage(start: StartMessage): AsyncGenerator<ChildMessage> {
  const { pageCount, size } = await openImage(start.path)
  if (pageCount > start.pagesMax) {
    throw new ExtractionFailure(
      'too_many_pages',
      `The image has ${pageCount} pages; at most ${start.pagesMax} are read.`,
    )
  }
  yield { type: 'document', pageCount, title: null, author: null }
  for (let number = start.fromPage; number <= pageCount; number++)
    yield { type: 'page', page: imagePage(number, await size(number)) }
}

/** A page of an image before its text is recognized. */
export function imagePage(number: number, size: ImageSize): ExtractedPage {
  const { widthPoints, heightPoints, rotation } = size
  return {
    number,
    widthPoints,
    heightPoints,
    rotation,
    text: '',
    words: new Uint8Array(),
    textChoice: 'ocr',
    textReason: 'image',
    confidences: null,
    failureCode: null,
  }
}

const open = (path: string, number: number, limitInputPixels: number | false) =>
  // Warnings are shrugged at: scanners write many. Truncated data is an error.
  sharp(path, { page: number - 1, limitInputPixels, failOn: 'truncated' })

async function pageMetadata(path: string, number: number): Promise<Metadata> {
  const metadata = await open(path, number, false).metadata().catch(damaged)
  if (metadata.width * metadata.height > imagePixelsMax) {
    throw new ExtractionFailure(
      'unsupported',
      `The image has ${metadata.width} x ${metadata.height} pixels; at most ${imagePixelsMax} are read.`,
    )
  }
  return metadata
}

function damaged(err: unknown): never {
  throw new ExtractionFailure('damaged', 'The image is damaged: it cannot be decoded.', {
    cause: err,
  })
}

function imageSize({ width, height, density, orientation = 1 }: Metadata): ImageSize {
  const isKnown = density && density >= dpiWithin.min && density <= dpiWithin.max
  const nativeDpi = isKnown ? density : pointsPerInch
  const rotation = turns[orientation] ?? 0
  const [across, down] = rotation % 180 === 0 ? [width, height] : [height, width]
  const points = (pixels: number) => (pixels / nativeDpi) * pointsPerInch
  return { widthPoints: points(across), heightPoints: points(down), nativeDpi, rotation }
}

async function drawPage(
  path: string,
  number: number,
  { width, height }: { width: number; height: number },
): Promise<Raster> {
  const pixels = await open(path, number, imagePixelsMax)
    .autoOrient()
    .flatten({ background: 'white' })
    .resize({ width, height, fit: 'fill' })
    .toColourspace('srgb')
    .ensureAlpha()
    .raw({ depth: 'uchar' })
    .toBuffer()
    .catch(damaged)
  return { width, height, pixels }
}
