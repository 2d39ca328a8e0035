import { type Box, ImportFault, type JsonObject } from './model.ts'

// The room the database leaves for the rounding of sums.
const roundingMax = 1e-6

/** One object of a file that somebody else wrote: each read checks the form, and a fault names the place. */
export class Entry {
  readonly fields: JsonObject
  readonly place: string

  /** @throws {ImportFault} `value` is no object */
  constructor(value: unknown, place: string) {
    if (!isObject(value)) throw new ImportFault(place, 'must be an object')
    this.fields = value
    this.place = place
  }

  has(key: string): boolean {
    return Object.hasOwn(this.fields, key) && this.fields[key] !== undefined
  }

  text(key: string): string {
    const value = this.own(key)
    if (typeof value === 'string') return value
    throw this.fault(`"${key}" must be a text`)
  }

  number(key: string): number {
    return this.finite(this.own(key), `"${key}"`)
  }

  /** A number or a text, as a text: what files use for ids. */
  id(key: string): string {
    const value = this.own(key)
    if (typeof value === 'string' || Number.isFinite(value)) return String(value)
    throw this.fault(`"${key}" must be a number or a text`)
  }

  numbers(key: string, count: number): number[] {
    const values = this.list(key)
    if (values.length === count) return values.map((value) => this.finite(value, `"${key}"`))
    throw this.fault(`"${key}" must hold ${count} numbers`)
  }

  size(key: string): number {
    const value = this.number(key)
    if (value > 0) return value
    throw this.fault(`"${key}" must be above 0`)
  }

  pageNumber(key: string): number {
    const value = this.number(key)
    if (Number.isSafeInteger(value) && value >= 1) return value
    throw this.fault(`"${key}" must be a whole number from 1`)
  }

  oneOf<Value extends string>(key: string, values: readonly Value[]): Value {
    const found = values.find((value) => value === this.own(key))
    if (found !== undefined) return found
    throw this.fault(`"${key}" must be one of ${values.join(', ')}`)
  }

  list(key: string): unknown[] {
    const value = this.own(key)
    if (Array.isArray(value)) return value
    throw this.fault(`"${key}" must be a list`)
  }

  entry(key: string): Entry {
    return new Entry(this.own(key), this.below(key))
  }

  entries(key: string): Entry[] {
    return this.list(key).map((value, index) => new Entry(value, `${this.below(key)}[${index}]`))
  }

  /** A free object; an absent one is empty. */
  object(key: string): JsonObject {
    return this.has(key) ? this.entry(key).fields : {}
  }

  /** @throws {ImportFault} the box, in shares of the page, is empty or not on the page */
  box([x, y, width, height]: Box): Box {
    const right = x + width
    const bottom = y + height
    if (!(width > 0 && height > 0)) throw this.fault('the box must have a width and a height')
    const isOnPage = x >= -roundingMax && y >= -roundingMax
    if (!isOnPage || !(right <= 1 + roundingMax && bottom <= 1 + roundingMax))
      throw this.fault('the box must lie on the page')
    return [Math.max(x, 0), Math.max(y, 0), width, height]
  }

  fault(reason: string): ImportFault {
    return new ImportFault(this.place, reason)
  }

  private own(key: string): unknown {
    return Object.hasOwn(this.fields, key) ? this.fields[key] : undefined
  }

  private below(key: string): string {
    return this.place === wholeFile ? key : `${this.place}.${key}`
  }

  private finite(value: unknown, name: string): number {
    if (typeof value === 'number' && Number.isFinite(value)) return value
    throw this.fault(`${name} must be a number`)
  }
}

export const wholeFile = 'the file'

/** @throws {ImportFault} the text is no JSON */
export function parseJson(text: string, place = wholeFile): unknown {
  try {
    return JSON.parse(text.startsWith('\uFEFF') ? text.slice(1) : text)
  } catch (err) {
    throw new ImportFault(place, `is no JSON: ${err instanceof Error ? err.message : err}`)
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The object without the named keys. */
export function without(object: JsonObject, ...keys: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key)))
}

/** Only the named keys, where the object has them. */
export function only(object: JsonObject, ...keys: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([key]) => keys.includes(key)))
}
