import { JobFailure } from './outcome.ts'

const resultBytesMax = 256 * 1024
const depthMax = 64
const messageCharactersMax = 2_000
const codeCharactersMax = 100
// The most that one character can become in JSON: six by an escape.
const jsonBytesPerCharacterMax = 6

type Part = { value: unknown; path: string; above: readonly object[] }

/**
 * Looks at a job's result before any statement does: one that Postgres refuses would take down the whole batch of
 * completions that it is written with.
 * @returns the result, `null` when there is none
 * @throws {JobFailure} `invalid_result`: it would not come back from the database as it is, or is too large
 */
export function storableResult(result: unknown): Record<string, unknown> | null {
  if (result === undefined || result === null) return null
  if (!isPlainObject(result)) refuse('result', 'is no object')
  const size = { charactersLeft: resultBytesMax }
  measure({ value: result, path: 'result', above: [] }, size)
  const characters = resultBytesMax - size.charactersLeft
  if (characters > resultBytesMax / jsonBytesPerCharacterMax) {
    const { length } = new TextEncoder().encode(JSON.stringify(result))
    if (length > resultBytesMax) refuseLarge()
  }
  return result
}

/** A fault as it can be stored: what Postgres would refuse is replaced, what is too long is cut. Nothing is lost. */
export function storableFault<Fault extends { code: string; message: string }>(
  fault: Fault,
): Fault {
  return {
    ...fault,
    code: storableText(fault.code, codeCharactersMax) || 'internal',
    message: storableText(fault.message, messageCharactersMax),
  }
}

/** @param text of anything that was thrown, so it may be no text at all */
export function storableText(text: unknown, charactersMax: number): string {
  return String(text).slice(0, charactersMax).replaceAll('\0', '\uFFFD').toWellFormed()
}

function measure({ value, path, above }: Part, size: { charactersLeft: number }): void {
  size.charactersLeft -= 2 // itself, and what parts it from the next
  if (typeof value === 'string') size.charactersLeft -= sizeOfText(value, path)
  if (size.charactersLeft < 0) refuseLarge()
  const fault = faultOf(value)
  if (fault !== null) refuse(path, fault)
  if (typeof value !== 'object' || value === null) return
  if (above.includes(value)) refuse(path, 'contains itself')
  if (above.length >= depthMax) refuse(path, `lies deeper than ${depthMax} levels`)
  const below = [...above, value]
  if (Array.isArray(value)) {
    // Not `forEach`, which passes over holes.
    for (let index = 0; index < value.length; index++)
      measure({ value: value[index], path: `${path}[${index}]`, above: below }, size)
    return
  }
  for (const [name, part] of Object.entries(value)) {
    size.charactersLeft -= sizeOfText(name, `a name in ${path}`)
    measure({ value: part, path: `${path}.${name}`, above: below }, size)
  }
}

function sizeOfText(text: string, path: string): number {
  if (text.includes('\0')) refuse(path, 'contains the character NUL')
  if (!text.isWellFormed()) refuse(path, 'contains half of a surrogate pair')
  return text.length + 2
}

function faultOf(value: unknown): string | null {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return null
    case 'number':
      return Number.isFinite(value) ? null : `is ${value}`
    case 'object':
      return value === null || Array.isArray(value) || isPlainObject(value)
        ? null
        : `is a ${Object.prototype.toString.call(value).slice(8, -1)}, not plain JSON`
    case 'undefined':
      return 'is undefined'
    default:
      return `is a ${typeof value}`
  }
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

function refuse(path: string, fault: string): never {
  const place = storableText(path, codeCharactersMax)
  throw invalid(`The job's result cannot be stored: ${place} ${fault}.`)
}

function refuseLarge(): never {
  throw invalid(`The job's result is larger than ${resultBytesMax / 1024} KiB.`)
}

const invalid = (message: string) => new JobFailure('invalid_result', message, false)
