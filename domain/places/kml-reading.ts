import { SaxesParser, type SaxesTagNS } from 'saxes'
import { type FilePlaces, fileLimits, pause, type ReadOptions, unreadable } from './feature.ts'
import { FeatureCollector } from './feature-collector.ts'
import { elementName, geometryNames, otherFeatures, textElements } from './kml-elements.ts'
import { Placemark } from './kml-placemark.ts'

const charactersAtOnce = 64 * 1024
const attributesMax = 200
// More than a place can hold, however it is spelled. All of it is looked through at once, and so holds up others.
const textCharactersMax = 1024 * 1024
// Each placemark says them again.
const foldersCharactersMax = 2_000

/**
 * Reads KML 2.0 to 2.2. A document type is refused, and with it every entity that a file could make up.
 * @throws {PlacesFileFault} with all that is wrong
 */
export async function readKml(text: string, options: ReadOptions): Promise<FilePlaces> {
  const collector = new FeatureCollector(options)
  const reader = new KmlReader(collector, options)
  for (let at = 0; at < text.length; at += charactersAtOnce) {
    reader.write(text.slice(at, at + charactersAtOnce))
    await pause()
  }
  reader.end()
  return await collector.end()
}

type Element = { name: string; attributes: SaxesTagNS['attributes']; text: string }

class KmlReader {
  readonly #parser = new SaxesParser({ xmlns: true, position: true })
  readonly #collector: FeatureCollector
  readonly #options: ReadOptions
  readonly #open: Element[] = []
  readonly #folders: { name: string | null }[] = []
  readonly #geometries: string[] = []
  #placemark: Placemark | null = null
  #tagLine = 1
  #attributes = 0
  #textCharacters = 0

  constructor(collector: FeatureCollector, options: ReadOptions) {
    this.#collector = collector
    this.#options = options
    this.#parser.on('error', (err) => {
      throw this.#broken(err.message.replace(/^\d+:\d+: /, ''))
    })
    this.#parser.on('doctype', () => {
      throw this.#broken('A document type is not read, nor are its entities.')
    })
    this.#parser.on('opentagstart', () => {
      this.#tagLine = this.#parser.line
      this.#attributes = 0
    })
    this.#parser.on('attribute', () => {
      this.#attributes += 1
      if (this.#attributes > attributesMax)
        throw this.#broken(`An element has at most ${attributesMax} attributes.`)
    })
    this.#parser.on('opentag', (tag) => this.#begin(tag))
    this.#parser.on('closetag', () => this.#end())
    this.#parser.on('text', (text) => this.#take(text))
    this.#parser.on('cdata', (text) => this.#take(text))
  }

  write(text: string): void {
    this.#parser.write(text)
  }

  end(): void {
    this.#parser.close()
  }

  #broken(detail: string) {
    const { line, column } = this.#parser
    return unreadable(`line ${line}, column ${column}: ${detail}`)
  }

  #take(text: string): void {
    const element = this.#open.at(-1)
    if (!element || !textElements.has(element.name)) return
    element.text += text
    // Those have a bound of their own, as they may draw a whole coast.
    if (element.name === 'coordinates') return
    this.#textCharacters += text.length
    if (this.#textCharacters > textCharactersMax)
      throw this.#broken(`The texts of a placemark have at most ${textCharactersMax} characters.`)
  }

  #begin(tag: SaxesTagNS): void {
    const name = elementName(tag)
    const depth = this.#open.push({ name, attributes: tag.attributes, text: '' })
    if (depth > fileLimits.depth)
      throw this.#broken(`It nests deeper than ${fileLimits.depth} levels.`)
    if (depth === 1 && name !== 'kml') throw this.#broken(`It is no KML, but <${tag.name}>.`)
    if (this.#placemark) this.#beginInPlacemark(this.#placemark, name)
    else if (name === 'Placemark') this.#beginPlacemark(tag)
    else if (name === 'Folder' || name === 'Document') this.#folders.push({ name: null })
    else if (otherFeatures.has(name))
      this.#collector.skip({ name: null, line: this.#tagLine, reason: `A ${name} is no place.` })
    else if (!isRead.has(name)) this.#collector.ignore(name)
  }

  #beginPlacemark({ attributes }: SaxesTagNS): void {
    this.#textCharacters = 0
    const folders = this.#folders.flatMap(({ name }) => name ?? [])
    this.#placemark = new Placemark({
      ...{ line: this.#tagLine, id: attributes.id?.value ?? null, folders },
    })
  }

  #beginInPlacemark(placemark: Placemark, name: string): void {
    if (name === 'Placemark') throw this.#broken('A Placemark lies in a Placemark.')
    const isChild = this.#open.at(-2)?.name === 'Placemark'
    if (isChild && !isRead.has(name)) this.#collector.ignore(name)
    if (!geometryNames.has(name)) return
    if (this.#geometries.every((kind) => kind === 'MultiGeometry') && name !== 'MultiGeometry')
      placemark.geometry(name)
    this.#geometries.push(name)
  }

  #end(): void {
    const element = this.#open.pop()
    if (!element) return
    const { name, text } = element
    const parent = this.#open.at(-1)
    if (name === 'Folder' || name === 'Document') this.#folders.pop()
    if (!this.#placemark) {
      this.#textCharacters = 0
      const folder = this.#folders.at(-1)
      const isFolder = parent?.name === 'Folder' || parent?.name === 'Document'
      if (name === 'name' && isFolder && folder) this.#nameFolder(folder, text)
      return
    }
    if (name === 'Placemark') this.#endPlacemark(this.#placemark)
    else this.#endInPlacemark(this.#placemark, element, parent)
  }

  #nameFolder(folder: { name: string | null }, text: string): void {
    folder.name = text.trim() || null
    const names = this.#folders.map(({ name }) => name ?? '')
    if (names.join('').length > foldersCharactersMax)
      throw this.#broken(
        `The names of folders within each other have at most ${foldersCharactersMax} characters.`,
      )
  }

  #endPlacemark(placemark: Placemark): void {
    this.#placemark = null
    this.#collector.take((index) => placemark.feature(index, this.#options))
  }

  #endInPlacemark(placemark: Placemark, element: Element, parent: Element | undefined): void {
    const { name, text, attributes } = element
    if (geometryNames.has(name)) this.#geometries.pop()
    else if (name === 'coordinates') placemark.coordinates(this.#geometries.at(-1) ?? '', text)
    else if (name === 'octavo:place') placemark.own(text)
    else if (name === 'SimpleData') placemark.data(attributes.name?.value ?? '', text)
    else if (name === 'value' && parent?.name === 'Data')
      placemark.data(parent.attributes.name?.value ?? '', text)
    else if (parent && textElements.has(name) && holders.has(parent.name))
      placemark.text(name, text)
  }
}

/** Where a text belongs to the placemark itself. */
const holders = new Set(['Placemark', 'TimeStamp', 'TimeSpan'])

const isRead = new Set([
  ...[
    'kml',
    'Document',
    'Folder',
    'Placemark',
    'ExtendedData',
    'SchemaData',
    'TimeStamp',
    'TimeSpan',
  ],
  ...textElements,
  ...geometryNames,
])
