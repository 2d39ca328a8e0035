import type { DrawingScale, PageSize } from '../extraction/raster.ts'

// What the engine copies several times: an A3 page at 290 dpi.
const pixelsMax = 16_000_000
// Up to here a resolution is a program's default and says nothing of the size of the letters.
const defaultDpiMax = 96
// Letters of a screen are a third of what the engine was trained on.
const longSidePixels = 3_000
const enlargementMax = 3
const pointsPerInch = 72

/**
 * How large to draw a page so that its letters are read well: at `dpi`, or where an image does not say how large it is,
 * enlarged when it is small. Never more than 16 million pixels.
 * @param nativeDpi of an image's stored pixels; `null` for a page that has none
 */
export function recognitionScale(
  { widthPoints, heightPoints }: PageSize,
  { nativeDpi, dpi }: { nativeDpi: number | null; dpi: number },
): DrawingScale {
  const longSide = (Math.max(widthPoints, heightPoints) / pointsPerInch) * (nativeDpi ?? 0)
  const enlargement = Math.min(enlargementMax, Math.max(1, longSidePixels / longSide))
  const isStated = nativeDpi === null || nativeDpi > defaultDpiMax
  const asked = isStated ? dpi : nativeDpi * enlargement
  const largest = pointsPerInch * Math.sqrt(pixelsMax / (widthPoints * heightPoints))
  return { dpi: Math.min(asked, largest) }
}
