/** How Octavo calls what it says in KML beyond KML. */
export const octavoNamespace = 'urn:octavo:places'

const kmlNamespaces = new Set([
  '',
  'http://www.opengis.net/kml/2.2',
  'http://www.opengis.net/kml/2.3',
  'http://earth.google.com/kml/2.0',
  'http://earth.google.com/kml/2.1',
  'http://earth.google.com/kml/2.2',
])
const knownPrefixes = new Map([
  ['http://www.google.com/kml/ext/2.2', 'gx'],
  [octavoNamespace, 'octavo'],
])

/** The name of an element as it is called here: bare for KML, with a prefix for all else. */
export const elementName = ({ uri, local, prefix }: Record<'uri' | 'local' | 'prefix', string>) =>
  kmlNamespaces.has(uri) ? local : `${knownPrefixes.get(uri) ?? (prefix || 'other')}:${local}`

/** Geometries, which nest in a MultiGeometry only. */
export const geometryNames: ReadonlySet<string> = new Set([
  ...['Point', 'LineString', 'LinearRing', 'Polygon', 'MultiGeometry', 'Model'],
  ...['gx:Track', 'gx:MultiTrack'],
])

/** Features that are never places. */
export const otherFeatures: ReadonlySet<string> = new Set([
  ...['NetworkLink', 'GroundOverlay', 'ScreenOverlay', 'PhotoOverlay', 'gx:Tour'],
])

/** Elements whose text counts. */
export const textElements: ReadonlySet<string> = new Set([
  ...[
    'name',
    'description',
    'address',
    'coordinates',
    'value',
    'SimpleData',
    'when',
    'begin',
    'end',
  ],
  'octavo:place',
])
