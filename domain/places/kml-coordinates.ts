import type { Position } from './feature.ts'
import { rangeFault } from './geojson-geometry.ts'

const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?$/
const shownCharacters = 60
const charactersMax = 4 * 1024 * 1024 // more would hold up others
const tupleCharactersMax = 1_000

/**
 * `lon,lat[,alt]` with spaces between them; spaces around commas are tolerated, as other readers do. Goes through the text
 * once: a pattern for spaces around commas would look at many spaces again and again.
 */
function* tuplesOf(text: string): Generator<string> {
  let tuple = ''
  for (const [part] of text.matchAll(/[^\s,]+|,/g)) {
    if (part !== ',' && tuple !== '' && !tuple.endsWith(',')) {
      yield tuple
      tuple = ''
    }
    tuple += part
    if (tuple.length > tupleCharactersMax) break
  }
  if (tuple !== '') yield tuple
}

/** What is wrong with coordinates, whatever they draw; `null`: nothing. */
export function coordinatesFault(text: string): string | null {
  if (text.length > charactersMax)
    return `The coordinates of a geometry have at most ${charactersMax} characters.`
  for (const tuple of tuplesOf(text)) {
    if (isTuple(tuple)) continue
    const shown = tuple.slice(0, shownCharacters).toWellFormed()
    return `"${shown}" is no position: longitude,latitude or longitude,latitude,altitude.`
  }
  return null
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
  const tuples = [...tuplesOf(text)]
  const [tuple] = tuples
  if (tuple === undefined) return null
  if (tuples.length > 1) return `A Point has one position; this one has ${tuples.length}.`
  const [longitude = 0, latitude = 0, altitudeMetres = null] = tuple.split(',').map(Number)
  return rangeFault(longitude, latitude) ?? { longitude, latitude, altitudeMetres }
}
