/** `[x, y, width, height]` in 0..1 of the page. */
export type Box = readonly [x: number, y: number, width: number, height: number]

// Of the page; as in the constraint of the table. Sums of rounded numbers reach a little beyond 1.
const tolerance = 1e-6

/** @returns what is wrong with a box, or `null` */
export function boxFault([x, y, width, height]: Box): string | null {
  if (width <= 0 || height <= 0) return 'Width and height must be above 0.'
  if (x < 0 || y < 0 || x + width > 1 + tolerance || y + height > 1 + tolerance)
    return 'The box must lie on the page: each side in 0..1 of its width and height.'
  return null
}
