import { ArchiveFault, unzippedTexts } from '../archives/unzip.ts'
import { type FilePlaces, fileLimits, type ReadOptions, unreadable } from './feature.ts'
import { readGeoJson } from './geojson-reading.ts'
import { geoJsonWriter } from './geojson-writing.ts'
import { readKml } from './kml-reading.ts'
import { xmlText } from './kml-text.ts'
import { kmlWriter } from './kml-writing.ts'
import type { PlacesWriter } from './writing.ts'

export const placeFormats = ['geojson', 'kml'] as const
export type PlaceFormat = (typeof placeFormats)[number]

export const placeWriters: Readonly<Record<PlaceFormat, PlacesWriter>> = {
  geojson: geoJsonWriter,
  kml: kmlWriter,
}

/**
 * Reads a file of places.
 * @param options `format`: `undefined` looks at what the file begins with
 * @throws {PlacesFileFault} with all that is wrong
 */
export async function readPlacesFile(
  bytes: Uint8Array,
  { format, ...options }: ReadOptions & { format: PlaceFormat | undefined },
): Promise<FilePlaces> {
  if (bytes.length === 0) throw unreadable('The file is empty.')
  if (isArchive(bytes)) return await readKml(archivedText(bytes), options)
  const isKml = format === undefined ? looksLikeXml(bytes) : format === 'kml'
  if (isKml) return await readKml(xmlText(bytes), options)
  return await readGeoJson(decoded(bytes), options)
}

const isArchive = (bytes: Uint8Array): boolean => bytes[0] === 0x50 && bytes[1] === 0x4b

/** Begins with `<` behind white space and marks of byte order, in one or two bytes a character. */
const looksLikeXml = (bytes: Uint8Array): boolean =>
  /^(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?[\s\0]*</.test(
    String.fromCharCode(...bytes.subarray(0, sniffedBytes)),
  )
const sniffedBytes = 512

const archivedFilesMax = 1_000

/** Of a KMZ: its `doc.kml`, else the first KML file. */
function archivedText(bytes: Uint8Array): string {
  const limits = { files: archivedFilesMax, bytes: fileLimits.bytes }
  try {
    const isWanted = (path: string) => /\.kml$/i.test(path)
    const files = unzippedTexts(bytes, { limits, isWanted })
    const file = files.find(({ path }) => path.toLowerCase() === 'doc.kml') ?? files[0]
    if (file) return file.text
    throw new ArchiveFault('It has no file whose name ends in .kml.')
  } catch (err) {
    if (err instanceof ArchiveFault) throw unreadable(`The archive: ${err.message}`)
    throw err
  }
}

function decoded(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw unreadable('The file is not valid UTF-8.')
  }
}
