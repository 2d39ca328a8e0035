import { type Entry, isObject, only, without } from './entry.ts'
import type { JsonObject } from './model.ts'

/** How one kind of entry of a format holds foreign keys. */
export type ForeignPlace = {
  name: string // the key in our attributes
  written: readonly string[] // keys of the entry that are always ours
  derived: readonly string[] // keys that are ours or the foreign file's
}

/** `foreign` is the whole foreign part, `keys` what goes back as it is, `extension` what goes under `octavo`. */
type SplitForeign = { foreign: JsonObject; keys: JsonObject; extension: JsonObject }

/**
 * Parts attributes into the keys that go back to their place in a foreign entry, and our extension. A part that would
 * not come back as it is (no object, or with keys that are ours) stays within the extension.
 */
export function splitForeign(attributes: JsonObject, place: ForeignPlace): SplitForeign {
  const foreign = attributes[place.name]
  const isPlaced =
    Object.hasOwn(attributes, place.name) &&
    isObject(foreign) &&
    !place.written.some((key) => Object.hasOwn(foreign, key))
  if (!isPlaced) return { foreign: {}, keys: {}, extension: { attributes } }
  const kept = only(foreign, ...place.derived)
  const extension = { attributes: without(attributes, place.name), kept }
  return { foreign, keys: without(foreign, ...place.derived), extension }
}

/** The attributes of an entry, foreign keys joined again: the reverse of {@link splitForeign}. */
export function joinForeign(
  entry: Entry,
  extension: Entry | null,
  place: ForeignPlace,
): JsonObject {
  const keys = without(entry.fields, ...place.written, ...place.derived)
  const kept = extension ? extension.object('kept') : only(entry.fields, ...place.derived)
  const attributes = extension ? extension.object('attributes') : {}
  const isForeign = !extension || extension.has('kept') || Object.keys(keys).length > 0
  return isForeign ? { ...attributes, [place.name]: { ...keys, ...kept } } : attributes
}
