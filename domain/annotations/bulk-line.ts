import {
  type AnnotationSource,
  annotationSources,
  type LabelType,
  labelTypes,
} from '../../db/schema/annotations.ts'
import { boxFault } from './boxes.ts'
import { labelNameCharactersMax, valueCharactersMax } from './fields.ts'

/** An annotation as a line states it, complete with what it left out. */
export type StatedAnnotation = {
  id: string | null // lower case; null: to be given here
  documentId: string
  page: number
  x: number
  y: number
  width: number
  height: number
  rotation: number
  labelType: LabelType
  labelName: string
  value: string | null
  /** As JSON. */
  attributes: string
  confidence: number | null
  source: AnnotationSource
}

export const pageMax = 1_000_000
export const attributesBytesMax = 16 * 1024

// A JSON body may nest 32 deep; attributes that come near are left to the rule itself.
const plainDepthMax = 20
const bytesPerCharacterMax = 3
const encoder = new TextEncoder()
const known = new Set([
  ...['id', 'document_id', 'page', 'box', 'rotation', 'label_type', 'label_name', 'value'],
  ...['attributes', 'confidence', 'source'],
])
const uuidPattern =
  /^(?:[\da-f]{8}-[\da-f]{4}-[1-8][\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}|00000000-0000-0000-0000-000000000000|ffffffff-ffff-ffff-ffff-ffffffffffff)$/i
const types = new Set<unknown>(labelTypes)
const sources = new Set<unknown>(annotationSources)

type Fields = Record<string, unknown>

/**
 * Reads a line that is as it should be, twenty times as fast as its schema does.
 * @returns `null` where anything at all is unusual: the schema then says what, or accepts it after all
 */
export function statedAnnotation(text: string): StatedAnnotation | null {
  // The only ways in which a text of valid UTF-8 can hold NUL, half a character, or a name that objects treat apart.
  if (text.includes('\\u') || text.includes('__proto__')) return null
  const fields = parsedObject(text)
  if (!fields) return null
  for (const name in fields) if (!known.has(name)) return null
  const place = placeOf(fields)
  const label = labelOf(fields)
  const attributes = attributesOf(fields.attributes)
  return place && label && attributes !== null ? { ...place, ...label, attributes } : null
}

function parsedObject(text: string): Fields | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Fields)
      : null
  } catch {
    return null
  }
}

function placeOf({ id = null, document_id, page, box, rotation = 0 }: Fields) {
  if (id !== null && !isUuid(id)) return null
  if (!isUuid(document_id) || !Number.isInteger(page) || !isBetween(page, 1, pageMax)) return null
  if (!isBetween(rotation, -360, 360) || !isBox(box) || boxFault(box) !== null) return null
  const [x, y, width, height] = box
  return {
    id: id === null ? null : id.toLowerCase(),
    documentId: document_id.toLowerCase(),
    ...{ page, x, y, width, height, rotation },
  }
}

function labelOf(fields: Fields) {
  const { label_name, label_type = 'text', value = null } = fields
  const { confidence = null, source = 'human' } = fields
  if (typeof label_name !== 'string' || !types.has(label_type) || !sources.has(source)) return null
  const labelName = label_name.trim()
  if (labelName === '' || labelName.length > labelNameCharactersMax) return null
  if (value !== null && !(typeof value === 'string' && value.length <= valueCharactersMax))
    return null
  if (confidence !== null && !isBetween(confidence, 0, 1)) return null
  const labelType = label_type as LabelType
  return { labelType, labelName, value, confidence, source: source as AnnotationSource }
}

/** As JSON; `null` for what is no object, too large, or holds what JSON cannot. */
function attributesOf(attributes: unknown): string | null {
  if (attributes === undefined) return '{}'
  const isObject = typeof attributes === 'object' && attributes !== null
  if (!isObject || Array.isArray(attributes) || !isPlain(attributes, plainDepthMax)) return null
  const json = JSON.stringify(attributes)
  const isSmall = json.length * bytesPerCharacterMax <= attributesBytesMax
  return isSmall || encoder.encode(json).length <= attributesBytesMax ? json : null
}

function isPlain(value: unknown, depthLeft: number): boolean {
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value !== 'object' || value === null) return true
  if (depthLeft === 0) return false
  for (const item of Object.values(value)) if (!isPlain(item, depthLeft - 1)) return false
  return true
}

const isUuid = (value: unknown): value is string =>
  typeof value === 'string' && uuidPattern.test(value)

const isBetween = (value: unknown, min: number, max: number): value is number =>
  typeof value === 'number' && value >= min && value <= max

function isBox(value: unknown): value is [number, number, number, number] {
  if (!Array.isArray(value) || value.length !== 4) return false
  for (const side of value) if (typeof side !== 'number') return false
  return true
}
