import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { didYouMean } from '../../functions/_shared/http/suggestion.ts'
import { ConfigFault } from './faults.ts'
import { readRemembered, rememberedFile } from './remembered.ts'
import { homeDefault } from './settings/stack.ts'
import { settingDocuments } from './settings.ts'

/** What was set, and where: `environment`, the path of the `.env` file, or that of what the last start was told. */
export type Sources = {
  values: Record<string, string>
  sourceOf: (name: string) => string
  warnings: string[]
}

const known = settingDocuments.map(({ name }) => name)

/**
 * Joins the environment, the checkout's `.env` below it, and below both what the last start was told. An empty value counts as not set,
 * because Compose hands on empty variables.
 * @param envFile path of the `.env` file, or `null` for none; a missing file is no fault
 */
export function readSources(
  env: Record<string, string | undefined>,
  { envFile, checkout }: { envFile: string | null; checkout: string },
): Sources {
  const fromFile = envFile === null ? {} : readEnvFile(envFile)
  const home = resolve(checkout, env.OCTAVO_HOME || fromFile.OCTAVO_HOME || homeDefault)
  const values: Record<string, string> = {}
  const source = new Map<string, string>()
  for (const [entries, origin] of [
    [readRemembered(home), rememberedFile(home)],
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
    .filter((name) => !known.includes(name))
    .map((name) => {
      const guess = didYouMean(name, known)
      const hint = guess === null ? '' : ` Did you mean ${guess}?`
      return `${name} (${sourceOf(name)}) is not a setting of Octavo and has no effect.${hint}`
    })
}
