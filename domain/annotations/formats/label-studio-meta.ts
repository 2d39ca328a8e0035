import { Entry, isObject, without } from './entry.ts'
import type { JsonObject } from './model.ts'

/** Can our extension be put into the `meta` of these fields, and be taken out again? */
export function takesMeta(fields: JsonObject): boolean {
  const { meta } = fields
  return !Object.hasOwn(fields, 'meta') || (isObject(meta) && !Object.hasOwn(meta, 'octavo'))
}

/** `meta` is what Label Studio keeps of a task and of a region without looking at it. */
export function withMeta(fields: JsonObject, extension: JsonObject): JsonObject {
  const octavo = { ...extension, has_meta: Object.hasOwn(fields, 'meta') }
  return { ...fields, meta: { ...(isObject(fields.meta) && fields.meta), octavo } }
}

/** The reverse of {@link withMeta}: the fields as they were, and the extension, null in a foreign file. */
export function takeMeta(entry: Entry): { fields: JsonObject; extension: Entry | null } {
  const { meta } = entry.fields
  if (!isObject(meta) || !Object.hasOwn(meta, 'octavo'))
    return { fields: entry.fields, extension: null }
  const extension = new Entry(meta.octavo, `${entry.place}.meta.octavo`)
  const rest = without(entry.fields, 'meta')
  const isForeign = extension.fields.has_meta === true || Object.keys(meta).length > 1
  return { fields: isForeign ? { ...rest, meta: without(meta, 'octavo') } : rest, extension }
}
