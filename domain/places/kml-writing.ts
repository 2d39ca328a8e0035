import { placeName } from './feature-text.ts'
import { octavoNamespace } from './kml-elements.ts'
import { coordinatesOf, featureIdOf, type PlacesWriter, type WrittenPlace } from './writing.ts'

/** KML 2.2. What it has no place for lies in an element of Octavo's own, in the extended data. */
export const kmlWriter: PlacesWriter = {
  contentType: 'application/vnd.google-earth.kml+xml',
  suffix: 'kml',
  start: `<?xml version="1.0" encoding="UTF-8"?>
<kml xmlns="http://www.opengis.net/kml/2.2" xmlns:octavo="${octavoNamespace}">
<Document>
`,
  between: '\n',
  end: '\n</Document>\n</kml>\n',
  place: placemarkText,
}

const notOfXml = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu

const isXml = (text: string): boolean => text.search(notOfXml) === -1

// Line ends of texts and attributes are made one by readers, unless they are written as references.
const references: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#13;',
  '\n': '&#10;',
  '\t': '&#9;',
}
const escaped = (text: string): string =>
  text
    .replaceAll(notOfXml, '\uFFFD')
    .replaceAll(/[&<>"\r\n\t]/g, (character) => references[character] ?? '')

/** JSON whose every character XML can hold. */
const jsonText = (value: unknown): string =>
  JSON.stringify(value).replaceAll(
    notOfXml,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

function placemarkText(place: WrittenPlace): string {
  const { name, description, properties } = place
  const { values, own } = extendedData(properties)
  const said = {
    id: featureIdOf(place),
    ...(placeName(name) === name && isXml(name) ? {} : { name }),
    ...(description.trim() === description && isXml(description) ? {} : { description }),
    ...(place.aliases.length > 0 ? { aliases: place.aliases } : {}),
    ...own,
  }
  const lines = [
    '<Placemark>',
    `<name>${escaped(name)}</name>`,
    ...(description === '' ? [] : [`<description>${escaped(description)}</description>`]),
    '<ExtendedData>',
    ...values,
    `<octavo:place>${escaped(jsonText(said))}</octavo:place>`,
    '</ExtendedData>',
    `<Point><coordinates>${coordinatesOf(place)}</coordinates></Point>`,
    '</Placemark>',
  ]
  return lines.join('\n')
}

/** Properties as data, which are texts: `json` names those that are not. What XML cannot hold stands in `properties`. */
function extendedData(properties: Record<string, unknown>) {
  const all = Object.entries(properties).map(([name, value]) => ({
    ...{ name, value, text: typeof value === 'string' ? value : jsonText(value) },
  }))
  const [held, others] = [all.filter(isHeld), all.filter((one) => !isHeld(one))]
  const json = held.flatMap(({ name, value }) => (typeof value === 'string' ? [] : [name]))
  return {
    values: held.map(
      ({ name, text }) => `<Data name="${escaped(name)}"><value>${escaped(text)}</value></Data>`,
    ),
    own: {
      ...(json.length > 0 ? { json } : {}),
      ...(others.length > 0
        ? { properties: Object.fromEntries(others.map(({ name, value }) => [name, value])) }
        : {}),
    },
  }
}

const isHeld = ({ name, text }: { name: string; text: string }) => isXml(name) && isXml(text)
