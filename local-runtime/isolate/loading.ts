import { existsSync, readFileSync } from 'node:fs'
import { SourceMap } from 'node:module'
import { dirname, relative, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Deps } from '../../functions/_shared/ports/deps.ts'
import { describeError, redactText } from '../log/redaction.ts'
import type { Fetch } from './server.ts'

/** A function as it came out of its file: it answers, or `reason` says in one line why it cannot be loaded. */
export type Loaded = { name: string; fetch: Fetch } | { name: string; reason: string; err: unknown }

type FunctionModule = { createApp: (deps: Deps) => { fetch: Fetch } }

type Place = { file: string; line: number; column: number }

export type ReasonOptions = {
  /** Files are named as they lie below this folder. */
  checkout: string
  /** Values that may not be shown, whoever put them into a message. */
  secrets: readonly string[]
}

const messageCharactersMax = 300
const mask = '[redacted]'
// In a build too this is the path of the source.
const ownFile = fileURLToPath(import.meta.url)
const credentialsInUrl = /\/\/[^/@\s]+@/g

/** Never rejects: whatever a function throws while it is loaded becomes its reason. */
export async function loadFunction(
  { name, path }: { name: string; path: string },
  deps: Deps,
  options: ReasonOptions,
): Promise<Loaded> {
  try {
    const { createApp } = (await import(pathToFileURL(path).href)) as FunctionModule
    const app = createApp(deps)
    return { name, fetch: (request) => app.fetch(request) }
  } catch (err) {
    return { name, err, reason: loadFailure(err, options) }
  }
}

/** "TypeError: names.map is not a function (functions/users/index.ts:12:7)" */
export function loadFailure(err: unknown, { checkout, secrets }: ReasonOptions): string {
  const { name, message } = describeError(err)
  const place = err instanceof Error ? placeIn(err.stack ?? '', checkout) : null
  const text = hide(`${name}: ${message}`, secrets).replace(/\s+/g, ' ')
  const short =
    text.length > messageCharactersMax ? `${text.slice(0, messageCharactersMax)}...` : text
  if (place === null) return short
  return `${short} (${relative(checkout, place.file)}:${place.line}:${place.column})`
}

function hide(text: string, secrets: readonly string[]): string {
  const known = secrets.filter((secret) => secret !== '')
  const withoutKnown = known.reduce((shown, secret) => shown.replaceAll(secret, mask), text)
  return redactText(withoutKnown).replace(credentialsInUrl, `//${mask}@`)
}

/** The innermost frame in code of the checkout: a library that threw was called from there. */
function placeIn(stack: string, checkout: string): Place | null {
  const frames = stack.matchAll(/(file:\/\/[^\s()]+):(\d+):(\d+)/g)
  for (const [, url = '', line, column] of frames) {
    const place = originOf({ file: fileURLToPath(url), line: Number(line), column: Number(column) })
    if (place === null) continue
    if (place.file === ownFile) return null
    if (place.file.startsWith(`${checkout}/`) && !place.file.includes('/node_modules/'))
      return place
  }
  return null
}

/** Where a place of a built file stands in the source; `null` where there is no map. */
function originOf(built: Place): Place | null {
  if (!built.file.endsWith('.mjs')) return built
  const mapPath = `${built.file}.map`
  if (!existsSync(mapPath)) return null
  const map = new SourceMap(JSON.parse(readFileSync(mapPath, 'utf8')))
  const found = map.findOrigin(built.line, built.column)
  if (!('fileName' in found)) return null
  const { fileName, lineNumber, columnNumber } = found
  return {
    file: resolve(dirname(built.file), fileName),
    line: lineNumber,
    column: columnNumber,
  }
}
