import type { FeatureId } from './feature.ts'

/** The key of a feature with an id; `5` and `"5"` are two. */
export const keyOfId = (id: FeatureId): string => (typeof id === 'number' ? `n:${id}` : `s:${id}`)

const isUuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** An id that may be that of a place here: an export gives it to features that have no other. */
export const placeIdOf = (id: FeatureId | null): string | null =>
  typeof id === 'string' && isUuid.test(id) ? id.toLowerCase() : null

function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, item]) => [key, ordered(item)]))
}

const encoder = new TextEncoder()

/** The key of a feature without an id: SHA-256 of all that it says, whatever the order of names. */
export async function keyOfContent(content: unknown): Promise<string> {
  const bytes = encoder.encode(JSON.stringify(ordered(content)))
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  return `h:${hex(hash)}`
}

const hex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
