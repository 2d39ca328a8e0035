/** A drawn page: 8 bits a channel, RGBA, rows from the top, no padding, always opaque. */
export type Raster = { width: number; height: number; pixels: Uint8Array }

/** How large to draw: dots per inch of the page, or the width of the picture in pixels. */
export type DrawingScale = { dpi: number } | { widthPixels: number }

/**
 * What one picture may take, whatever was asked for: 25 million pixels are 100 MB of memory, an A4 page at 500 dpi.
 * A larger one is drawn smaller, in the same proportions.
 */
export const drawnPixelsMax = 25_000_000
const drawnSideMax = 20_000 // pixels; a strip of one pixel's height is no page either

/** A page's size in points, as it is seen. */
export type PageSize = { widthPoints: number; heightPoints: number }

/** The size of the picture in whole pixels, at least one a side. */
export function rasterSize(
  { widthPoints, heightPoints }: PageSize,
  scale: DrawingScale,
): { width: number; height: number } {
  const asked = 'dpi' in scale ? scale.dpi / 72 : scale.widthPixels / widthPoints
  const pixelsPerPoint = Math.min(
    asked,
    Math.sqrt(drawnPixelsMax / (widthPoints * heightPoints)),
    drawnSideMax / Math.max(widthPoints, heightPoints),
  )
  const pixels = (points: number) => Math.max(1, Math.round(points * pixelsPerPoint))
  return { width: pixels(widthPoints), height: pixels(heightPoints) }
}
