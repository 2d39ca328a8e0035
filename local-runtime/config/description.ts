import { settingDocuments } from './settings.ts'
import type { Sources } from './sources.ts'

/** One variable as `octavo config show` prints it; a secret's `value` is a mask, an unset variable's is `null`. */
export type ShownSetting = { name: string; value: string | null; source: string }

const mask = '********'

/** Every setting with its value and where that came from; secrets masked, also the password inside an address. */
export function describeSettings({ values, sourceOf }: Sources): ShownSetting[] {
  return settingDocuments.map((document) => {
    const { name } = document
    const value = values[name] ?? document.default ?? null
    const isMasked = document.secret === true && value !== null
    return { name, value: isMasked ? withoutSecret(value) : value, source: sourceOf(name) }
  })
}

function withoutSecret(value: string): string {
  if (!URL.canParse(value)) return mask
  const url = new URL(value)
  if (url.hostname === '') return mask
  if (url.password !== '') url.password = mask
  // A query can carry a password too (`?password=`); nothing of it is worth showing.
  url.search = ''
  return url.href
}

/** The text of `octavo config show`: a line a setting, then the warnings. */
export function describeConfig(config: {
  shown: readonly ShownSetting[]
  warnings: readonly string[]
}): string {
  const width = Math.max(...config.shown.map(({ name }) => name.length))
  const lines = config.shown.map(
    ({ name, value, source }) => `${name.padEnd(width)}  ${value ?? '-'}  (${source})`,
  )
  return [...lines, ...config.warnings.map((warning) => `warning: ${warning}`)].join('\n')
}
