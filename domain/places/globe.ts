/** Mean radius of the earth; distances are those on a sphere of it. */
const earthRadiusMetres = 6_371_008.8

/** In degrees, edges included; from west to east, so that `west > east` crosses the antimeridian (RFC 7946, section 5). */
export type GlobeBox = { west: number; south: number; east: number; north: number }

/** A box that crosses nothing: `west <= east`. */
type Rectangle = GlobeBox

/**
 * The rectangles of plain longitudes and latitudes that a box is made of. A place has one pair of numbers, and a point of the
 * globe may have several: the meridian of 180 degrees is that of -180, and at a pole every longitude is the same point.
 */
export function rectanglesOf({ west, south, east, north }: GlobeBox): Rectangle[] {
  const span = (from: number, to: number): Rectangle => ({ west: from, south, east: to, north })
  const spans = west > east ? [span(west, 180), span(-180, east)] : [span(west, east)]
  if (west <= east && west === -180 && east < 180) spans.push(span(180, 180))
  if (west <= east && east === 180 && west > -180) spans.push(span(-180, -180))
  const pole = (latitude: number): Rectangle => ({
    ...{ west: -180, south: latitude, east: 180, north: latitude },
  })
  if (north === 90) spans.push(pole(90))
  if (south === -90) spans.push(pole(-90))
  return spans
}

/** The straight line between two points of the unit sphere that are so far apart on the globe; 2 at the antipode and beyond. */
export const chordOf = (distanceMetres: number): number =>
  2 * Math.sin(Math.min(distanceMetres / earthRadiusMetres, Math.PI) / 2)

/**
 * The way on the globe between two points, in metres.
 * @param toPoint the straight line between them on the unit sphere
 * @param toAntipode that from the one to the antipode of the other: exact where the first is not, from a quarter of the globe on
 */
export function distanceMetres(toPoint: number, toAntipode: number): number {
  const angleOf = (chord: number): number => 2 * Math.asin(Math.min(chord / 2, 1))
  const angle = toPoint < toAntipode ? angleOf(toPoint) : Math.PI - angleOf(toAntipode)
  return earthRadiusMetres * angle
}
