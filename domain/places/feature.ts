/** Degrees east and north (WGS 84), and metres where they are said. */
export type Position = {
  longitude: number
  latitude: number
  altitudeMetres: number | null
}

/** A feature is a place, or stands in a file for something else. */
export type Geometry = { position: Position } | { skipReason: string }

export type FeatureId = string | number

/** A place as a file tells of it. What is `undefined` the file does not say, and an import leaves as it is. */
export type FileFeature = Position & {
  /** From 0, in the order of the file. */
  index: number
  /** How people find it in the file. */
  label: string
  id: FeatureId | null
  /** The same for the same feature, different for others of the file. */
  key: string
  name: string | undefined
  aliases: string[] | undefined
  description: string | undefined
  properties: Record<string, unknown>
  /** What the file says of it besides its properties; makes the key of one without an id. */
  told: readonly unknown[]
}

/** A feature that is no place. */
export type SkippedFeature = {
  index: number
  name: string | null
  line: number | null // from 1; of KML
  reason: string
}

/** Something wrong in a file. `pointer` is a JSON Pointer into it, empty in KML. */
export type FileFault = { pointer: string; code: string; detail: string }

/** What a file of places has. Lists are cut to what people read; the counts are whole. */
export type FilePlaces = {
  features: FileFeature[]
  featureCount: number
  skipped: SkippedFeature[]
  skippedCount: number
  /** Names of what is read past, e.g. styles. */
  ignored: string[]
  /** Aliases that are too long, or more than a place can have. */
  aliasesLeftOut: number
}

/** Finds what Postgres would refuse or alter; `null`: nothing. */
export type FindHostile = (value: unknown) => FileFault | null

export type ReadOptions = {
  /** Of the property that is the name; `undefined`: what the format calls the name. */
  nameProperty: string | undefined
  /** Of the properties that hold other names. */
  aliasProperties: readonly string[]
  findHostile: FindHostile
}

/** What of a file may be how large. */
export const fileLimits = {
  bytes: 16 * 1024 * 1024,
  features: 50_000,
  propertiesBytes: 64 * 1024,
  idCharacters: 300,
  depth: 64,
  faultsShown: 100,
  skippedShown: 100,
  ignoredShown: 50,
} as const

/** One feature is wrong. The message is for whoever made the file. */
export class FeatureFault extends Error {
  readonly pointer: string
  readonly code: string

  constructor(pointer: string, code: string, detail: string) {
    super(detail)
    this.name = 'FeatureFault'
    this.pointer = pointer
    this.code = code
  }
}

/** A file cannot be imported. The first hundred faults are listed. */
export class PlacesFileFault extends Error {
  readonly faults: readonly FileFault[]

  constructor(faults: readonly FileFault[], count = faults.length) {
    super(count === 1 && faults[0] ? faults[0].detail : `${count} places of the file are wrong.`)
    this.name = 'PlacesFileFault'
    this.faults = faults
  }
}

/** The whole file is unreadable. */
export const unreadable = (detail: string): PlacesFileFault =>
  new PlacesFileFault([{ pointer: '', code: 'unreadable', detail }])

/** Lets others have their turn. */
export const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0))

/** A plain object of JSON. */
export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
