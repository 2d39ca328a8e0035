import type { Position } from './feature.ts'
import { rangeFault } from './geojson-geometry.ts'

const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?$/
const shownCharacters = 60

/** `lon,lat[,alt]` with spaces between them; spaces around commas are tolerated, as other readers do. */
const tuplesOf = (text: string): string[] =>
  text
    .replaceAll(/\s*,\s*/g, ',')
    .split(/\s+/)
    .filter((tuple) => tuple !== '')

/** What is wrong with coordinates, whatever they draw; `null`: nothing. */
export function coordinatesFault(text: string): string | null {
  const wrong = tuplesOf(text).find((tuple) => !isTuple(tuple))
  if (wrong === undefined) return null
  const shown = wrong.slice(0, shownCharacters).toWellFormed()
  return `"${shown}" is no position: longitude,latitude or longitude,latitude,altitude.`
}

function isTuple(tuple: string): boolean {
  const parts = tuple.split(',')
  const isNumber = (part: string) => decimal.test(part) && Number.isFinite(Number(part))
  return (parts.length === 2 || parts.length === 3) && parts.every(isNumber)
}

/** The position of a Point, `null` when it has none, or what is wrong with it. */
export function pointOf(text: string): Position | string | null {
  const fault = coordinatesFault(text)
  if (fault !== null) return fault
  const tuples = tuplesOf(text)
  const [tuple] = tuples
  if (tuple === undefined) return null
  if (tuples.length > 1) return `A Point has one position; this one has ${tuples.length}.`
  const [longitude = 0, latitude = 0, altitudeMetres = null] = tuple.split(',').map(Number)
  return rangeFault(longitude, latitude) ?? { longitude, latitude, altitudeMetres }
}
