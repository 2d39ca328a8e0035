import {
  FeatureFault,
  type FeatureId,
  type Geometry,
  isObject,
  type Position,
  type ReadOptions,
} from './feature.ts'
import type { RawFeature } from './feature-collector.ts'
import { aliasesIn, extensionOf, nameIn, placeName } from './feature-text.ts'
import { coordinatesFault, pointOf } from './kml-coordinates.ts'

type Point = Position | string | null

/** Gathers what lies in a Placemark while it is read. */
export class Placemark {
  readonly line: number
  readonly #id: string | null
  readonly #folders: readonly string[]
  readonly #texts = new Map<string, string>()
  readonly #data = new Map<string, unknown>()
  readonly #kinds: string[] = []
  readonly #points: Point[] = []
  #fault: string | null = null
  #own: Record<string, unknown> | null = null

  constructor(start: { line: number; id: string | null; folders: readonly string[] }) {
    this.line = start.line
    this.#id = start.id
    this.#folders = start.folders
  }

  /** An element of its own, e.g. its name; the first counts. */
  text(element: string, text: string): void {
    if (!this.#texts.has(element)) this.#texts.set(element, text)
  }

  /** A value of its extended data; one that comes again makes a list. */
  data(name: string, value: string): void {
    const earlier = this.#data.get(name)
    if (Array.isArray(earlier)) earlier.push(value)
    else this.#data.set(name, earlier === undefined ? value : [earlier, value])
  }

  /** A geometry that does not nest in another, a MultiGeometry apart. */
  geometry(kind: string): void {
    this.#kinds.push(kind)
  }

  coordinates(kind: string, text: string): void {
    if (kind === 'Point') this.#points.push(pointOf(text))
    else this.#fault ??= coordinatesFault(text)
  }

  /** What Octavo wrote beside KML. */
  own(text: string): void {
    try {
      const value: unknown = JSON.parse(text)
      if (isObject(value)) this.#own = value
    } catch {
      this.#fault ??= 'What Octavo wrote into it is damaged.'
    }
  }

  /** @throws {FeatureFault} */
  feature(index: number, { nameProperty, aliasProperties }: ReadOptions): RawFeature {
    const extension = extensionOf(this.#own)
    const written = placeName(this.#texts.get('name') ?? '')
    const label = written
      ? `"${written.slice(0, 80).toWellFormed()}" (line ${this.line})`
      : `placemark ${index + 1} (line ${this.line})`
    const properties = this.#properties()
    const ownName = extension?.name ?? (this.#texts.has('name') ? written : undefined)
    const name = nameProperty === undefined ? ownName : nameIn(properties, nameProperty)
    const description = extension?.description ?? this.#texts.get('description')?.trim()
    // Told of with its own name, it is the same placemark whichever property is asked for.
    return {
      ...{ pointer: '', label, line: this.line, id: this.#featureId(), name, description },
      ...{ properties, geometry: this.#geometry(label), told: [ownName, description] },
      areAliasesOwn: extension?.aliases !== undefined,
      aliases: extension?.aliases ?? aliasesIn(properties, aliasProperties),
    }
  }

  #featureId(): FeatureId | null {
    const id = this.#own?.id
    return typeof id === 'string' || typeof id === 'number' ? id : this.#id
  }

  #geometry(label: string): Geometry {
    const [point = null] = this.#points
    const fault = this.#fault ?? this.#points.find((one) => typeof one === 'string')
    if (typeof fault === 'string') throw new FeatureFault('', 'invalid', `${label}: ${fault}`)
    const [kind] = this.#kinds
    if (kind === undefined) return { skipReason: 'It has no geometry.' }
    const isPoint = this.#kinds.length === 1 && kind === 'Point'
    if (!isPoint) return { skipReason: `It has ${counted(this.#kinds)}; a place is one Point.` }
    if (point !== null && typeof point !== 'string') return { position: point }
    return { skipReason: 'Its Point has no coordinates.' }
  }

  #properties(): Record<string, unknown> {
    if (this.#own) return ownProperties(this.#own, this.#data)
    const properties = new Map(this.#data)
    const told = {
      ...{
        address: this.#texts.get('address')?.trim(),
        timestamp: this.#texts.get('when')?.trim(),
      },
      ...{ begin: this.#texts.get('begin')?.trim(), end: this.#texts.get('end')?.trim() },
      folders: this.#folders.length > 0 ? this.#folders : undefined,
    }
    for (const [name, value] of Object.entries(told))
      if (value && !properties.has(name)) properties.set(name, value)
    return Object.fromEntries(properties)
  }
}

/** Values that are no texts stand as JSON in the data, and what XML cannot hold beside it. */
function ownProperties(
  { json, properties }: Record<string, unknown>,
  data: ReadonlyMap<string, unknown>,
): Record<string, unknown> {
  const names = new Set(Array.isArray(json) ? json : [])
  const entries = [...data].map(([name, value]) => [
    name,
    names.has(name) && typeof value === 'string' ? parsed(value) : value,
  ])
  const others = isObject(properties) ? Object.entries(properties) : []
  return Object.fromEntries([...entries, ...others])
}

/** Whoever edits a file may leave what is no JSON: it is a text then. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function counted(kinds: readonly string[]): string {
  const groups = Map.groupBy(kinds, (kind) => kind)
  return [...groups]
    .map(([kind, { length }]) => (length === 1 ? `a ${kind}` : `${length} of ${kind}`))
    .join(' and ')
}
