import { placeDescriptionCharsMax, placeNameCharsMax } from '../../db/schema/places.ts'
import {
  FeatureFault,
  type FeatureId,
  type FileFault,
  type FileFeature,
  type FilePlaces,
  fileLimits,
  type Geometry,
  PlacesFileFault,
  pause,
  type ReadOptions,
  type SkippedFeature,
} from './feature.ts'
import { keyOfContent, keyOfId } from './feature-key.ts'
import { placeAliases } from './feature-text.ts'

/** A feature as its format reads it. */
export type RawFeature = {
  /** In the file; empty in KML. */
  pointer: string
  label: string
  line: number | null
  id: FeatureId | null
  name: string | undefined
  aliases: readonly string[] | undefined
  areAliasesOwn: boolean
  description: string | undefined
  properties: Record<string, unknown>
  told: readonly unknown[]
  geometry: Geometry
}

const keysAtOnce = 500
const encoder = new TextEncoder()

/** Takes the features of a file one after the other, and goes on behind a wrong one, so that each is named. */
export class FeatureCollector {
  readonly #options: ReadOptions
  readonly #features: FileFeature[] = []
  readonly #skipped: SkippedFeature[] = []
  readonly #faults: FileFault[] = []
  readonly #ignored = new Set<string>()
  readonly #labels = new Map<string, string>()
  #featureCount = 0
  #skippedCount = 0
  #faultCount = 0
  #aliasesLeftOut = 0

  constructor(options: ReadOptions) {
    this.#options = options
  }

  get featureCount(): number {
    return this.#featureCount
  }

  /** @throws {PlacesFileFault} there are too many */
  take(read: (index: number) => RawFeature): void {
    const index = this.#count()
    try {
      this.#judge(index, read(index))
    } catch (err) {
      if (!(err instanceof FeatureFault)) throw err
      this.fault({ pointer: err.pointer, code: err.code, detail: err.message })
    }
  }

  #count(): number {
    const index = this.#featureCount
    this.#featureCount += 1
    if (this.#featureCount <= fileLimits.features) return index
    const detail = `The file has more than ${fileLimits.features} features.`
    throw new PlacesFileFault([{ pointer: '', code: 'too_many', detail }])
  }

  fault(fault: FileFault): void {
    this.#faultCount += 1
    if (this.#faults.length < fileLimits.faultsShown) this.#faults.push(fault)
  }

  /** Something that is in the file and is not kept. */
  ignore(name: string): void {
    if (this.#ignored.size < fileLimits.ignoredShown) this.#ignored.add(name.slice(0, 100))
  }

  /** A feature of a kind that is never a place. */
  skip(feature: Omit<SkippedFeature, 'index'>): void {
    this.#skip({ index: this.#count(), ...feature })
  }

  #skip(feature: SkippedFeature): void {
    this.#skippedCount += 1
    if (this.#skipped.length < fileLimits.skippedShown) this.#skipped.push(feature)
  }

  #judge(index: number, raw: RawFeature): void {
    const { geometry, name, line, label, id } = raw
    this.#check(raw)
    if ('skipReason' in geometry) {
      this.#skip({ index, name: name ?? null, line, reason: geometry.skipReason })
      return
    }
    const { aliases, leftOut } = placeAliases(raw.aliases ?? [], {
      ...{ name, areOwn: raw.areAliasesOwn },
    })
    this.#aliasesLeftOut += leftOut
    const { description, properties, told } = raw
    this.#features.push({
      ...geometry.position,
      ...{ index, label, id, key: this.#keyOf(raw), name, description, properties },
      told,
      aliases: raw.aliases && aliases,
    })
  }

  /** @throws {FeatureFault} */
  #check({ pointer, label, id, name, aliases, description, properties }: RawFeature): void {
    const refuse = (part: string, code: string, detail: string): never => {
      throw new FeatureFault(`${pointer}${pointer && part}`, code, `${label}: ${detail}`)
    }
    // First: to look into millions of values would hold up others.
    const bytes = bytesOf(properties) ?? refuse('/properties', 'too_deep', 'It nests too deep.')
    if (bytes > fileLimits.propertiesBytes)
      refuse(
        '/properties',
        'too_large',
        `Properties have at most ${fileLimits.propertiesBytes} bytes as JSON.`,
      )
    const hostile = this.#options.findHostile({ id, name, aliases, description, properties })
    if (hostile) refuse(hostile.pointer, hostile.code, hostile.detail)
    if (typeof id === 'string' && id.length > fileLimits.idCharacters)
      refuse('/id', 'too_long', `An id has at most ${fileLimits.idCharacters} characters.`)
    if (name && name.length > placeNameCharsMax)
      refuse('', 'too_long', `The name has more than ${placeNameCharsMax} characters.`)
    if (description && description.length > placeDescriptionCharsMax)
      refuse(
        '',
        'too_long',
        `The description has more than ${placeDescriptionCharsMax} characters.`,
      )
  }

  #keyOf({ id, label, pointer }: RawFeature): string {
    if (id === null) return ''
    const key = keyOfId(id)
    const earlier = this.#labels.get(key)
    if (earlier !== undefined)
      throw new FeatureFault(
        pointer && `${pointer}/id`,
        'repeated',
        `${label}: ${earlier} has this id, too.`,
      )
    this.#labels.set(key, label)
    return key
  }

  /** @throws {PlacesFileFault} with the faults of all features */
  async end(): Promise<FilePlaces> {
    if (this.#faultCount > 0) throw new PlacesFileFault(this.#faults, this.#faultCount)
    await this.#nameTheOthers()
    return {
      features: this.#features,
      featureCount: this.#featureCount,
      skipped: this.#skipped,
      skippedCount: this.#skippedCount,
      ignored: [...this.#ignored],
      aliasesLeftOut: this.#aliasesLeftOut,
    }
  }

  /** Features without an id: what they say, and which of those that say the same. */
  async #nameTheOthers(): Promise<void> {
    const others = this.#features.filter(({ id }) => id === null)
    const seen = new Map<string, number>()
    for (let start = 0; start < others.length; start += keysAtOnce) {
      const some = others.slice(start, start + keysAtOnce)
      const keys = await Promise.all(some.map((feature) => keyOfContent(contentOf(feature))))
      for (const [at, feature] of some.entries()) {
        const key = keys[at] ?? ''
        const number = (seen.get(key) ?? 0) + 1
        seen.set(key, number)
        feature.key = number === 1 ? key : `${key}:${number}`
      }
      await pause()
    }
  }
}

/** Of properties as JSON; `null`: they nest deeper than can be written. */
function bytesOf(properties: Record<string, unknown>): number | null {
  try {
    return encoder.encode(JSON.stringify(properties)).length
  } catch (err) {
    if (err instanceof RangeError) return null
    throw err
  }
}

const contentOf = ({ longitude, latitude, altitudeMetres, properties, told }: FileFeature) => [
  ...[longitude, latitude, altitudeMetres, properties, told],
]
