/** A format that is not followed. The message is for whoever wrote it. */
export class LabelFormatFault extends Error {
  readonly position: number // where in the source, in UTF-16 units from 0

  constructor(position: number, message: string) {
    super(message)
    this.name = 'LabelFormatFault'
    this.position = position
  }
}

/** `size` bounds the states of the part, with its repetitions written out. */
export type FormatPart = { size: number } & (
  | { kind: 'character'; source: string } // one character: a regular expression of its own
  | { kind: 'start' | 'end' }
  | { kind: 'sequence' | 'choice'; parts: FormatPart[] }
  | { kind: 'repeat'; part: FormatPart; min: number; max: number }
)

type Reading = { source: string; position: number }

export const formatCharactersMax = 500
export const formatSizeMax = 1_000

const unicodeEscape = /\\u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}/y
const characterEscape =
  /\\(?:u[\da-fA-F]{4}|u\{[\da-fA-F]{1,6}\}|x[\da-fA-F]{2}|[pP]\{[\w=]{1,60}\}|0(?!\d)|[dDwWsStnrfv])/y
const punctuationEscape = /\\[!-/:-@[-`{-~]/y
const counts = /\{(\d+)(,?)(\d*)\}/y
const groupOpening = /\((?:\?:|\?<[A-Za-z_]\w*>)?/y
/** What only has its plain meaning behind a backslash. */
const syntaxCharacters = '^$\\.*+?()[]{}|/'

/**
 * Reads the part of JavaScript's syntax (as with the flag `u`) that can be matched in linear time.
 * @throws {LabelFormatFault} it is too long or too large, has an error, or looks around or back
 */
export function readFormat(source: string): FormatPart {
  if (source.length > formatCharactersMax)
    throw new LabelFormatFault(
      formatCharactersMax,
      `A format has at most ${formatCharactersMax} characters.`,
    )
  const reading = { source, position: 0 }
  const part = readChoice(reading)
  if (reading.position < source.length)
    throw new LabelFormatFault(
      reading.position,
      'This ")" closes no group; write \\) for the sign.',
    )
  return part
}

function readChoice(reading: Reading): FormatPart {
  const begin = reading.position
  const parts = [readSequence(reading)]
  while (reading.source[reading.position] === '|') {
    reading.position += 1
    parts.push(readSequence(reading))
  }
  const [only] = parts
  if (only && parts.length === 1) return only
  const size = sizeOf(parts) + parts.length - 1
  return bounded({ kind: 'choice', parts, size }, begin)
}

function readSequence(reading: Reading): FormatPart {
  const begin = reading.position
  const parts: FormatPart[] = []
  while (reading.position < reading.source.length) {
    if ('|)'.includes(reading.source[reading.position] ?? '')) break
    parts.push(readRepeat(reading))
  }
  return bounded({ kind: 'sequence', parts, size: Math.max(sizeOf(parts), 1) }, begin)
}

function readRepeat(reading: Reading): FormatPart {
  const part = readOne(reading)
  const begin = reading.position
  const range = readCounts(reading)
  if (!range) return part
  if (part.kind === 'start' || part.kind === 'end')
    throw new LabelFormatFault(begin, 'The start and the end of the value cannot be repeated.')
  // Lazy or not decides where a match ends, never whether the whole value matches.
  if (reading.source[reading.position] === '?') reading.position += 1
  const [min, max] = range
  const size =
    max === Number.POSITIVE_INFINITY
      ? part.size * Math.max(min, 1) + 1
      : Math.max(part.size * max + (max - min), 1)
  return bounded({ kind: 'repeat', part, min, max, size }, begin)
}

function readCounts(reading: Reading): [min: number, max: number] | null {
  const sign = reading.source[reading.position] ?? ''
  if (sign !== '' && '*+?'.includes(sign)) {
    reading.position += 1
    return [sign === '+' ? 1 : 0, sign === '?' ? 1 : Number.POSITIVE_INFINITY]
  }
  if (sign !== '{') return null
  const begin = reading.position
  const [, from = '', comma, to] = take(reading, counts) ?? []
  if (!from) throw new LabelFormatFault(begin, 'Write {2}, {2,} or {2,5}, or \\{ for the sign.')
  const min = Number(from)
  const max = !comma ? min : to ? Number(to) : Number.POSITIVE_INFINITY
  if (max < min) throw new LabelFormatFault(begin, 'The first number is above the second.')
  return [min, max]
}

function readOne(reading: Reading): FormatPart {
  const begin = reading.position
  const sign = String.fromCodePoint(reading.source.codePointAt(begin) ?? 0)
  if (sign === '(') return readGroup(reading)
  if (sign === '[') return readClass(reading)
  if (sign === '\\') return readEscape(reading)
  if ('*+?{'.includes(sign))
    throw new LabelFormatFault(begin, `There is nothing to repeat before this "${sign}".`)
  if (']}'.includes(sign)) throw new LabelFormatFault(begin, `Write \\${sign} for this sign.`)
  reading.position += sign.length
  if (sign === '^') return { kind: 'start', size: 1 }
  if (sign === '$') return { kind: 'end', size: 1 }
  return oneCharacter(sign === '/' ? '\\/' : sign, begin)
}

function readGroup(reading: Reading): FormatPart {
  const begin = reading.position
  if (/^\(\?<?[=!]/.test(reading.source.slice(begin, begin + 4)))
    throw new LabelFormatFault(begin, 'A format cannot look ahead or behind.')
  take(reading, groupOpening)
  if (reading.source[reading.position] === '?')
    throw new LabelFormatFault(
      begin,
      'This kind of group is not supported; write (...) or (?:...).',
    )
  const part = readChoice(reading)
  if (reading.source[reading.position] !== ')')
    throw new LabelFormatFault(begin, 'This group is not closed.')
  reading.position += 1
  // A part of its own, so that `(^)*` repeats a group and not the start.
  return { kind: 'sequence', parts: [part], size: part.size }
}

function readClass(reading: Reading): FormatPart {
  const begin = reading.position
  let text = '['
  reading.position += 1
  while (reading.source[reading.position] !== ']') {
    const sign = reading.source[reading.position]
    if (sign === undefined) throw new LabelFormatFault(begin, 'This "[" is not closed.')
    const escaped = sign === '\\' ? take(reading, punctuationEscape)?.[0] : undefined
    if (escaped) text += `${syntaxCharacters}-`.includes(escaped[1] ?? '') ? escaped : escaped[1]
    else text += sign === '\\' ? readClassEscape(reading) : sign
    if (sign !== '\\') reading.position += 1
  }
  reading.position += 1
  return oneCharacter(`${text}]`, begin)
}

function readClassEscape(reading: Reading): string {
  const found = take(reading, unicodeEscape) ?? take(reading, characterEscape)
  if (found) return found[0]
  throw new LabelFormatFault(reading.position, 'This escape is not known.')
}

function readEscape(reading: Reading): FormatPart {
  const begin = reading.position
  const next = reading.source[begin + 1]
  if (next === undefined) throw new LabelFormatFault(begin, 'A backslash must stand before a sign.')
  if (/[1-9k]/.test(next))
    throw new LabelFormatFault(begin, 'A format cannot refer back to what a group has matched.')
  if (next === 'b' || next === 'B')
    throw new LabelFormatFault(begin, 'Word boundaries are not supported.')
  const sign = take(reading, punctuationEscape)?.[0]
  if (sign)
    return oneCharacter(syntaxCharacters.includes(sign[1] ?? '') ? sign : sign.slice(1), begin)
  return oneCharacter(readClassEscape(reading), begin)
}

/** A single character is the one thing that the platform's own engine reads and matches here. */
function oneCharacter(source: string, begin: number): FormatPart {
  try {
    new RegExp(source, 'u')
  } catch {
    // The engine's own message differs from platform to platform.
    throw new LabelFormatFault(begin, `${source} does not name characters.`)
  }
  return { kind: 'character', source, size: 1 }
}

function take(reading: Reading, pattern: RegExp): RegExpExecArray | null {
  pattern.lastIndex = reading.position
  const found = pattern.exec(reading.source)
  reading.position += found?.[0].length ?? 0
  return found
}

function sizeOf(parts: readonly FormatPart[]): number {
  return parts.reduce((total, { size }) => total + size, 0)
}

function bounded(part: FormatPart, begin: number): FormatPart {
  if (part.size <= formatSizeMax) return part
  const limit = formatSizeMax.toLocaleString('en')
  throw new LabelFormatFault(
    begin,
    `Written out, the repetitions here need more than ${limit} places; repeat less.`,
  )
}
