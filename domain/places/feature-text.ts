import { placeAliasesMax, placeNameCharsMax } from '../../db/schema/places.ts'
import { isObject } from './feature.ts'

/** Names are one line: control characters and what turns round all that follows become spaces. Empty when nothing shows. */
export function placeName(text: string): string {
  const line = text.replaceAll(/[\p{Cc}\u2028-\u202e\u2066-\u2069]+/gu, ' ').trim()
  return /[^\p{Z}\p{C}\p{M}\p{DI}]/u.test(line) ? line : ''
}

/** The name that a property holds; `undefined`: it holds none. */
export function nameIn(properties: Record<string, unknown>, name: string): string | undefined {
  const value = Object.hasOwn(properties, name) ? properties[name] : undefined
  if (typeof value === 'number' && Number.isFinite(value)) return String(value)
  return typeof value === 'string' ? placeName(value) : undefined
}

/** The description that properties hold under that name. */
export const descriptionIn = (properties: Record<string, unknown>): string | undefined =>
  Object.hasOwn(properties, 'description') && typeof properties.description === 'string'
    ? properties.description
    : undefined

/** Names that properties hold: lists, or texts with `|`, `;` or `,` between them. */
export const aliasesIn = (
  properties: Record<string, unknown>,
  names: readonly string[],
): string[] | undefined =>
  names.length === 0 ? undefined : names.flatMap((name) => texts(properties[name]))

function texts(value: unknown): string[] {
  if (typeof value === 'string') return value.split(/[|;,]/)
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}

/**
 * Aliases as a place can have them, each once and none of them its name, and how many it cannot. Those that Octavo wrote are
 * a place's own, and come back as people gave them.
 */
export function placeAliases(
  given: readonly string[],
  { name, areOwn }: { name: string | undefined; areOwn: boolean },
): { aliases: string[]; leftOut: number } {
  const shown = given.map(placeName).filter((text) => text !== '')
  const all = areOwn ? shown : [...new Set(shown)].filter((text) => text !== name)
  const short = all.filter(({ length }) => length <= placeNameCharsMax)
  const aliases = short.slice(0, placeAliasesMax)
  return { aliases, leftOut: all.length - aliases.length }
}

/**
 * What Octavo says of a place beyond its properties, where they do not say it, so that an import gives it back.
 * `added`: names of properties that were put there for other readers.
 */
export type Extension = {
  name?: string
  description?: string
  aliases?: string[]
  added?: string[]
}

export function extensionOf(value: unknown): Extension | null {
  if (!isObject(value)) return null
  const { name, description, aliases, added } = value
  const isText = (item: unknown) => item === undefined || typeof item === 'string'
  const isTexts = (item: unknown) =>
    item === undefined || (Array.isArray(item) && item.every((one) => typeof one === 'string'))
  const isKnown = isText(name) && isText(description) && isTexts(aliases) && isTexts(added)
  return isKnown ? (value as Extension) : null
}

type Named = {
  name: string
  aliases: readonly string[]
  description: string
  properties: Record<string, unknown>
}

/** Properties for other readers, with a name and a description, and what Octavo has to say beside them. */
export function shownProperties({ name, aliases, description, properties }: Named) {
  const shown: Record<string, unknown> = { ...properties }
  const extension: Extension = {}
  const added: string[] = []
  const say = (field: 'name' | 'description', told: string, read: string | undefined) => {
    if (told === (read ?? '')) return
    if (Object.hasOwn(properties, field)) extension[field] = told
    else {
      shown[field] = told
      added.push(field)
    }
  }
  say('name', name, nameIn(properties, 'name'))
  say('description', description, descriptionIn(properties))
  if (aliases.length > 0) extension.aliases = [...aliases]
  if (added.length > 0) extension.added = added
  return { shown, extension: Object.keys(extension).length > 0 ? extension : null }
}
