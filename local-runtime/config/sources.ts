import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { ConfigFault } from './faults.ts'
import { nearest } from './nearest.ts'
import { settingDocuments } from './settings.ts'

/** What was set, and where: `environment`, or the path of the `.env` file. */
export type Sources = {
  values: Record<string, string>
  sourceOf: (name: string) => string
  warnings: string[]
}

const known = new Set(settingDocuments.map(({ name }) => name))

/**
 * Joins the environment and the checkout's `.env`; the environment wins. An empty value counts as not set,
 * because Compose hands on empty variables.
 * @param envFile path of the `.env` file, or `null` for none; a missing file is no fault
 */
export function readSources(
  env: Record<string, string | undefined>,
  envFile: string | null,
): Sources {
  const fromFile = envFile === null ? {} : readEnvFile(envFile)
  const values: Record<string, string> = {}
  const source = new Map<string, string>()
  for (const [entries, origin] of [
    [fromFile, envFile ?? ''],
    [env, 'environment'],
  ] as const) {
    for (const [name, value] of Object.entries(entries)) {
      if (value === undefined || value.trim() === '') continue
      values[name] = value
      source.set(name, origin)
    }
  }
  const sourceOf = (name: string) => source.get(name) ?? 'default'
  return { values, sourceOf, warnings: unknownVariables(values, sourceOf) }
}

export const envFileOf = (checkout: string) => join(checkout, '.env')

function readEnvFile(file: string): Record<string, string | undefined> {
  try {
    return parseEnv(readFileSync(file, 'utf8'))
  } catch (err) {
    const { code } = err as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return {}
    throw new ConfigFault([
      {
        variable: '.env',
        source: file,
        problem: `cannot be read (${code})`,
        fix: 'make it readable or remove it',
      },
    ])
  }
}

// OCTAVO_INTERNAL_* is what the supervisor tells its own processes; nobody else sets it.
function unknownVariables(
  values: Record<string, string>,
  sourceOf: (name: string) => string,
): string[] {
  return Object.keys(values)
    .filter((name) => name.startsWith('OCTAVO_') && !name.startsWith('OCTAVO_INTERNAL_'))
    .filter((name) => !known.has(name))
    .map((name) => {
      const guess = nearest(name, known)
      const hint = guess === null ? '' : ` Did you mean ${guess}?`
      return `${name} (${sourceOf(name)}) is not a setting of Octavo and has no effect.${hint}`
    })
}
