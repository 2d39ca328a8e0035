import sharp, { type Metadata } from 'sharp'
import { ExtractionFailure } from './protocol.ts'
import { type DrawingScale, type PointSize, type Raster, rasterSize } from './raster.ts'

/**
 * Pixels of one page of an image file, by its own header: an A4 page at 900 dpi. A small file that announces more is
 * refused before anything is decoded.
 */
export const imagePixelsMax = 80_000_000
const pointsPerInch = 72
const dpiWithin = { min: 30, max: 2_400 } // outside, a camera or a program has written nonsense
const turnedOrientations = 5 // EXIF orientations from here on swap width and height

// One page at a time in a process of its own: libvips' own threads and cache would only add memory.
sharp.concurrency(1)
sharp.cache(false)

/** An open image file: a PNG or JPEG is one page, a TIFF has as many as it has directories. */
export type OpenImage = {
  pageCount: number
  /** Upright, in points: pixels by the file's resolution, one pixel a point where it has none. */
  size(number: number): Promise<PointSize>
  draw(number: number, scale: DrawingScale): Promise<Raster>
  close(): void
}

/** @throws {ExtractionFailure} `damaged`, or `unsupported` when it has more pixels than {@link imagePixelsMax} */
export async function openImage(path: string): Promise<OpenImage> {
  const { pages = 1 } = await pageMetadata(path, 1)
  const size = async (number: number) => pointSize(await pageMetadata(path, number))
  return {
    pageCount: pages,
    size,
    draw: async (number, scale) => drawPage(path, number, rasterSize(await size(number), scale)),
    close: () => {},
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

function pointSize({ width, height, density, orientation = 1 }: Metadata): PointSize {
  const isKnown = density && density >= dpiWithin.min && density <= dpiWithin.max
  const pointsPerPixel = pointsPerInch / (isKnown ? density : pointsPerInch)
  const [across, down] = orientation >= turnedOrientations ? [height, width] : [width, height]
  return { widthPoints: across * pointsPerPixel, heightPoints: down * pointsPerPixel }
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
