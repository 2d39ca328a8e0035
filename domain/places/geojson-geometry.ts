import { FeatureFault, type Geometry, isObject, type Position } from './feature.ts'

/** How deep the positions of a type lie in its coordinates. */
const depths = new Map([
  ['Point', 0],
  ['MultiPoint', 1],
  ['LineString', 1],
  ['MultiLineString', 2],
  ['Polygon', 2],
  ['MultiPolygon', 3],
])

/** What makes a position wrong, in words of the file. */
export type Where = { pointer: string; label: string }

const wrong = ({ pointer, label }: Where, code: string, detail: string): FeatureFault =>
  new FeatureFault(pointer, code, `${label}: ${detail}`)

const below = ({ pointer, label }: Where, name: string | number): Where => ({
  pointer: `${pointer}/${name}`,
  label,
})

/**
 * Reads a geometry (RFC 7946, section 3.1). One point in a collection of one, or in a MultiPoint of one, is a point.
 * @throws {FeatureFault} it is none, or has a wrong position, be it of a line
 */
export function readGeometry(geometry: unknown, where: Where): Geometry {
  if (geometry === null || geometry === undefined) return { skipReason: 'It has no geometry.' }
  if (!isObject(geometry)) throw wrong(where, 'invalid', 'A geometry is an object or null.')
  const { type, coordinates, geometries } = geometry
  if (type === 'GeometryCollection') return readCollection(geometries, below(where, 'geometries'))
  const depth = typeof type === 'string' ? depths.get(type) : undefined
  if (depth === undefined)
    throw wrong(below(where, 'type'), 'invalid', `${shown(type)} is no type of geometry.`)
  const at = below(where, 'coordinates')
  if (Array.isArray(coordinates) && coordinates.length === 0)
    return { skipReason: `Its ${type} has no coordinates.` }
  checkPositions(coordinates, depth, at)
  if (type === 'Point') return { position: positionOf(coordinates, at) }
  if (type !== 'MultiPoint') return { skipReason: `It is a ${type}, not a Point.` }
  const points = coordinates as unknown[]
  if (points.length === 1) return { position: positionOf(points[0], below(at, 0)) }
  return { skipReason: `It is a MultiPoint of ${points.length} points; a place is one.` }
}

function readCollection(geometries: unknown, where: Where): Geometry {
  if (!Array.isArray(geometries))
    throw wrong(where, 'invalid', 'A GeometryCollection has a list of geometries.')
  const all = geometries.map((geometry, index) => readGeometry(geometry, below(where, index)))
  const [only] = all
  if (all.length === 1 && only) return only
  return { skipReason: `It is a GeometryCollection of ${all.length}; a place is one Point.` }
}

function checkPositions(value: unknown, depth: number, where: Where): void {
  if (depth === 0) {
    checkPosition(value, where)
    return
  }
  if (!Array.isArray(value)) throw wrong(where, 'invalid', 'Coordinates lie in lists.')
  for (const [index, item] of value.entries()) checkPositions(item, depth - 1, below(where, index))
}

function checkPosition(value: unknown, where: Where): void {
  const isPosition =
    Array.isArray(value) &&
    (value.length === 2 || value.length === 3) &&
    value.every(Number.isFinite)
  if (!isPosition) throw wrong(where, 'invalid', `${shown(value)} is no position: 2 or 3 numbers.`)
}

function positionOf(value: unknown, where: Where): Position {
  const [longitude = Number.NaN, latitude = Number.NaN, altitudeMetres = null] = value as number[]
  const fault = rangeFault(longitude, latitude)
  if (fault !== null) throw wrong(where, 'out_of_range', fault)
  return { longitude, latitude, altitudeMetres }
}

/** What is wrong with a position outside the globe; `null`: nothing. */
export function rangeFault(longitude: number, latitude: number): string | null {
  if (Math.abs(longitude) > 180) return `The longitude ${longitude} does not lie in -180 to 180.`
  if (Math.abs(latitude) <= 90) return null
  const isTurned = Math.abs(longitude) <= 90
  const hint = isTurned ? ' The longitude comes first.' : ''
  return `The latitude ${latitude} does not lie in -90 to 90.${hint}`
}

const shownCharacters = 60
const shown = (value: unknown): string => {
  const text = JSON.stringify(value) ?? 'Nothing'
  return text.length <= shownCharacters
    ? text
    : `${text.slice(0, shownCharacters).toWellFormed()}...`
}
