/** Deepest nesting of a JSON body. Real bodies need a handful; a parser's stack needs a bound. */
const depthMax = 32

/** A value that Postgres or JSON would refuse, alter or choke on, and where it stands. */
type HostileValue = { pointer: string; code: string; detail: string }

// Lone surrogates become U+FFFD silently in Postgres; NUL is an error (22021, 22P05).
const textFault = (text: string): { code: string; detail: string } | null => {
  if (text.includes('\u0000')) return { code: 'nul', detail: 'Must not contain U+0000.' }
  if (!text.isWellFormed())
    return { code: 'lone_surrogate', detail: 'Must be well-formed Unicode.' }
  return null
}

/** The fault of one text, or `null`. */
export const hostileText = textFault

/** A name as a part of a JSON Pointer (RFC 6901, section 3). */
export const escapeToken = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1')

/** Finds the first hostile value or key of parsed JSON, by depth; `null` when there is none. */
export function hostileValue(value: unknown, pointer = '', depth = 0): HostileValue | null {
  if (typeof value === 'string') {
    const fault = textFault(value)
    return fault && { pointer, ...fault }
  }
  if (typeof value === 'number')
    return Number.isFinite(value)
      ? null
      : { pointer, code: 'not_finite', detail: 'Must be a number that a double can hold.' }
  if (typeof value !== 'object' || value === null) return null
  if (depth >= depthMax)
    return { pointer, code: 'too_deep', detail: `Must not nest deeper than ${depthMax} levels.` }
  for (const [key, item] of Object.entries(value)) {
    const at = `${pointer}/${escapeToken(key.toWellFormed())}`
    if (key === '__proto__') return { pointer: at, code: 'reserved', detail: 'Reserved name.' }
    const fault = textFault(key)
    if (fault) return { pointer: pointer || '/', ...fault }
    const found = hostileValue(item, at, depth + 1)
    if (found) return found
  }
  return null
}
