import type { FeatureId } from './feature.ts'

/** A place as files of all formats get it. */
export type WrittenPlace = {
  id: string
  featureId: FeatureId | null
  name: string
  aliases: readonly string[]
  description: string
  longitude: number
  latitude: number
  altitudeMetres: number | null
  properties: Record<string, unknown>
}

/** A format that is written a place at a time. */
export type PlacesWriter = {
  contentType: string
  suffix: string
  start: string
  between: string
  end: string
  place: (place: WrittenPlace) => string
}

/** A number that is read back as it was, bit by bit. */
export const exactNumber = (value: number): string => (Object.is(value, -0) ? '-0' : String(value))

/** The id by which an import finds the place again: of the feature that it was made of, else its own. */
export const featureIdOf = ({ featureId, id }: WrittenPlace): FeatureId => featureId ?? id

/** Longitude, latitude and, where it is known, the altitude, with commas between them. */
export const coordinatesOf = ({ longitude, latitude, altitudeMetres }: WrittenPlace): string =>
  [longitude, latitude, altitudeMetres]
    .filter((value) => value !== null)
    .map(exactNumber)
    .join(',')
