import { shownProperties } from './feature-text.ts'
import { coordinatesOf, featureIdOf, type PlacesWriter, type WrittenPlace } from './writing.ts'

/** A FeatureCollection (RFC 7946), a feature a line. What properties do not say lies in a member `octavo`. */
export const geoJsonWriter: PlacesWriter = {
  contentType: 'application/geo+json',
  suffix: 'geojson',
  start: '{"type":"FeatureCollection","features":[\n',
  between: ',\n',
  end: '\n]}\n',
  place: featureText,
}

function featureText(place: WrittenPlace): string {
  const { shown, extension } = shownProperties(place)
  const parts = [
    '"type":"Feature"',
    `"id":${JSON.stringify(featureIdOf(place))}`,
    `"geometry":{"type":"Point","coordinates":[${coordinatesOf(place)}]}`,
    `"properties":${JSON.stringify(shown)}`,
    ...(extension ? [`"octavo":${JSON.stringify(extension)}`] : []),
  ]
  return `{${parts.join(',')}}`
}
