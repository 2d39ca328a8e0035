import {
  FeatureFault,
  type FeatureId,
  type FilePlaces,
  isObject,
  PlacesFileFault,
  pause,
  type ReadOptions,
  unreadable,
} from './feature.ts'
import { FeatureCollector, type RawFeature } from './feature-collector.ts'
import { aliasesIn, descriptionIn, extensionOf, nameIn, placeName } from './feature-text.ts'
import { readGeometry } from './geojson-geometry.ts'
import { geoJsonPieces } from './geojson-pieces.ts'

const geometryTypes = new Set([
  ...['Point', 'MultiPoint', 'LineString', 'MultiLineString', 'Polygon', 'MultiPolygon'],
  'GeometryCollection',
])
const ownOfFile = new Set(['type', 'features', 'bbox', 'crs'])
const ownOfFeature = new Set(['type', 'id', 'geometry', 'properties', 'bbox', 'octavo'])
const featuresAtOnce = 500

/**
 * Reads GeoJSON (RFC 7946): a FeatureCollection, a Feature, or a geometry alone.
 * @throws {PlacesFileFault} with all that is wrong
 */
export async function readGeoJson(text: string, options: ReadOptions): Promise<FilePlaces> {
  const collector = new FeatureCollector(options)
  const whole = new Map<string, unknown>()
  for await (const piece of geoJsonPieces(text)) {
    if (piece.kind === 'member') whole.set(piece.name, piece.value)
    else {
      collector.take((index) => readFeature(piece.value, { ...options, index, collector }))
      if (collector.featureCount % featuresAtOnce === 0) await pause()
    }
  }
  takeWhole(whole, options, collector)
  return await collector.end()
}

/** What the file is; one of a single place is taken as that. */
function takeWhole(
  whole: ReadonlyMap<string, unknown>,
  options: ReadOptions,
  collector: FeatureCollector,
): void {
  checkReferenceSystem(whole.get('crs'), whole.has('crs'))
  const type = whole.get('type')
  if (type === 'FeatureCollection') {
    for (const name of whole.keys()) if (!ownOfFile.has(name)) collector.ignore(name)
    if (Array.isArray(whole.get('features'))) return
    throw unreadable('A FeatureCollection has a list of features.')
  }
  if (collector.featureCount > 0) throw unreadable('It has features, and is no FeatureCollection.')
  const members = Object.fromEntries(whole)
  const context = { ...options, collector, pointer: '', label: 'the feature' }
  if (type === 'Feature') collector.take((index) => readFeature(members, { ...context, index }))
  else if (typeof type === 'string' && geometryTypes.has(type)) {
    const feature = { type: 'Feature', properties: {}, geometry: members }
    collector.take((index) => readFeature(feature, { ...context, index }))
  } else throw unreadable('Its type is none of GeoJSON: FeatureCollection, Feature or a geometry.')
}

const acceptedSystem = /(?:^|[:/])(?:CRS84|EPSG:(?:[\d.]*:)?4326|EPSG\/[\d.]+\/4326)$/i

/** RFC 7946 has one reference system; files of 2008 may name another. */
function checkReferenceSystem(crs: unknown, isNamed: boolean): void {
  if (!isNamed) return
  const properties = isObject(crs) ? crs.properties : null
  const name = isObject(properties) ? properties.name : null
  if (typeof name === 'string' && acceptedSystem.test(name)) return
  const detail =
    'The reference system (crs) is not WGS 84, longitude first. Convert the file, e.g. with ogr2ogr -t_srs EPSG:4326.'
  throw new PlacesFileFault([{ pointer: '/crs', code: 'unknown_crs', detail }])
}

type Context = ReadOptions & {
  index: number
  collector: FeatureCollector
  pointer?: string
  label?: string
}

/** @throws {FeatureFault} */
function readFeature(feature: unknown, context: Context): RawFeature {
  const { index, nameProperty, aliasProperties, collector } = context
  const { pointer = `/features/${index}` } = context
  const unnamed = context.label ?? `features[${index}]`
  const refuse = (part: string, detail: string) => {
    throw new FeatureFault(`${pointer}${part}`, 'invalid', `${unnamed}: ${detail}`)
  }
  if (!isObject(feature) || feature.type !== 'Feature')
    return refuse('/type', 'It is not of type Feature.')
  for (const name of Object.keys(feature))
    if (!ownOfFeature.has(name)) collector.ignore(`features[].${name}`)
  const given = feature.properties ?? {}
  if (!isObject(given)) return refuse('/properties', 'Properties are an object or null.')
  const { properties, ...said } = whatItSays(given, feature.octavo, nameProperty)
  const label = said.name ? `"${said.name.slice(0, 80).toWellFormed()}" (${unnamed})` : unnamed
  const told = {
    ...{ ...said, areAliasesOwn: said.aliases !== undefined },
    aliases: said.aliases ?? aliasesIn(properties, aliasProperties),
  }
  const geometry = readGeometry(feature.geometry, { pointer: `${pointer}/geometry`, label })
  const id = idOf(feature.id) ?? refuse('/id', 'An id is a text or a number.')
  return {
    ...{ pointer, label, line: null, id: id.id, ...told, properties, geometry, told: [] },
  }
}

function idOf(id: unknown): { id: FeatureId | null } | null {
  if (id === undefined || id === null) return { id: null }
  return typeof id === 'string' || Number.isFinite(id) ? { id: id as FeatureId } : null
}

/** Name and description are properties, unless Octavo wrote the file and says them beside. */
function whatItSays(
  given: Record<string, unknown>,
  member: unknown,
  nameProperty: string | undefined,
) {
  const { added = [], ...extension } = extensionOf(member) ?? {}
  const own = nameProperty === undefined ? extension.name : undefined
  const name = own === undefined ? nameIn(given, nameProperty ?? 'name') : placeName(own)
  const description = extension.description ?? descriptionIn(given)
  const properties = added.length === 0 ? given : without(given, added)
  return { name, description, aliases: extension.aliases, properties }
}

const without = (given: Record<string, unknown>, names: readonly string[]) =>
  Object.fromEntries(Object.entries(given).filter(([key]) => !names.includes(key)))
