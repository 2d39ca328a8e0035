import * as z from 'zod'
import { escapeToken, hostileText } from './hostile.ts'
import { readJson, readUnusedBody } from './json-body.ts'
import { forgedCursor } from './pages.ts'
import { AppError, type InputFault } from './problems.ts'
import type { ParsedInput, Route } from './route.ts'
import { didYouMean } from './suggestion.ts'

/** What was read, and the text that an idempotency fingerprint is made of. */
type ReadInput<R extends Route> = { input: ParsedInput<R>; bodyText: string }

type ReadOptions = { params: Record<string, string>; url: URL; jsonBytesMax: number }

// Typos must not pass for absent fields: an unknown name is a fault with a suggestion.
const strictSchemas = new WeakMap<z.ZodType, z.ZodType>()
function strict(schema: z.ZodType): z.ZodType {
  let known = strictSchemas.get(schema)
  if (!known) {
    known = schema instanceof z.ZodObject && !schema.def.catchall ? schema.strict() : schema
    strictSchemas.set(schema, known)
  }
  return known
}

/**
 * Validates every part of a request that the route reads.
 * @throws {AppError} `not_found` for a path that no row can have, `malformed` for broken encoding, `invalid` with all faults
 */
export async function readInput<R extends Route>(
  route: R,
  request: Request,
  { params, url, jsonBytesMax }: ReadOptions,
): Promise<ReadInput<R>> {
  const { param, query, header, json } = route.input ?? {}
  const parts: Record<string, unknown> = {}
  // A path id that is no UUID names nothing: 404, like every other unknown id.
  if (param) parts.param = orNotFound(param.safeParse(params))
  const faults: InputFault[] = []
  const collect = (name: InputFault['in'], schema: z.ZodType, value: unknown) => {
    const read = parseStrictly(name, schema, value)
    faults.push(...read.faults)
    return read.data
  }
  const search = readQuery(url, query ? repeatableNames(query) : noNames)
  if (query) parts.query = collect('query', query, search)
  else if (Object.keys(search).length > 0) collect('query', z.object({}), search)
  if (header) parts.header = collect('header', header, pickHeaders(header, request.headers))
  let bodyText = ''
  // Not looked at, but part of what makes two requests with one Idempotency-Key the same.
  const isCompared = !json && !route.input?.stream && request.headers.has('idempotency-key')
  if (isCompared) bodyText = await readUnusedBody(request, jsonBytesMax)
  if (json) {
    const body = await readJson(request, jsonBytesMax)
    bodyText = body.text
    parts.json = collect('body', json, body.value)
  }
  if (faults.length > 0)
    throw new AppError('invalid', summaryOf(faults), { errors: faults.slice(0, faultsMax) })
  return { input: parts as ParsedInput<R>, bodyText }
}

/** A value as its schema gives it, or all that is wrong with it. Names that an object's schema does not know are faults. */
export function parseStrictly<T>(
  place: InputFault['in'],
  schema: z.ZodType<T>,
  value: unknown,
): { data: T; faults: [] } | { data: undefined; faults: InputFault[] } {
  const result = strict(schema).safeParse(value)
  if (result.success) return { data: result.data as T, faults: [] }
  return { data: undefined, faults: faultsOf(place, result.error, schema) }
}

// More help nobody, and a body of a megabyte can have a hundred thousand.
const faultsMax = 100
const nameCharactersMax = 100

function orNotFound<T>(result: z.ZodSafeParseResult<T>): T {
  if (result.success) return result.data
  throw new AppError('not_found', 'There is nothing here.')
}

function pickHeaders(schema: z.ZodObject, headers: Headers): Record<string, string> {
  const names = Object.keys(schema.shape)
  return Object.fromEntries(
    names.flatMap((name) => (headers.has(name) ? [[name, headers.get(name) ?? '']] : [])),
  )
}

const noNames: ReadonlySet<string> = new Set()

// What a schema takes as a list may be named several times; `?tag=a&tag=b` is how forms and clients write lists.
const repeatable = new WeakMap<z.ZodObject, ReadonlySet<string>>()
function repeatableNames(query: z.ZodObject): ReadonlySet<string> {
  let names = repeatable.get(query)
  if (!names) {
    const fields = Object.entries<z.ZodType>(query.shape)
    names = new Set(fields.filter(([, field]) => isList(field)).map(([name]) => name))
    repeatable.set(query, names)
  }
  return names
}

const isList = (field: z.ZodType): boolean =>
  field instanceof z.ZodArray ||
  (field instanceof z.ZodOptional && isList(field.unwrap() as z.ZodType))

/**
 * Query as an object; refuses names that are repeated where they may not be, broken encoding and hostile text.
 * @param lists names whose values become a list, also when there is one
 */
function readQuery(url: URL, lists: ReadonlySet<string>): Record<string, string | string[]> {
  const found: Record<string, string | string[]> = Object.create(null)
  for (const pair of url.search.slice(1).split('&')) {
    if (pair === '') continue
    const [name = '', ...rest] = pair.split('=')
    const key = decodeComponent(name)
    const value = decodeComponent(rest.join('='))
    const fault = hostileText(key) ?? hostileText(value)
    if (key === 'cursor' && (fault || value === '')) throw forgedCursor()
    if (fault)
      throw new AppError('invalid', 'The query has a value that cannot be stored.', {
        errors: [
          { in: 'query', pointer: `/${escapeToken(key.replaceAll('\u0000', ''))}`, ...fault },
        ],
      })
    const earlier = found[key]
    if (lists.has(key)) {
      found[key] = [...(earlier ?? []), value]
      continue
    }
    if (earlier !== undefined)
      throw new AppError('invalid', `The query names "${key}" twice.`, {
        errors: [
          {
            in: 'query',
            pointer: `/${escapeToken(key)}`,
            code: 'repeated',
            detail: 'Give it once.',
          },
        ],
      })
    found[key] = value
  }
  return { ...found }
}

/** @throws {AppError} `malformed` where percent-encoding is broken or does not spell UTF-8 */
export function decodeComponent(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch (cause) {
    throw new AppError('malformed', 'The URL has broken percent-encoding.', { cause })
  }
}

function faultsOf(place: InputFault['in'], error: z.ZodError, schema: z.ZodType): InputFault[] {
  return error.issues.flatMap((issue): InputFault[] => {
    const base = issue.path.map((step) => `/${escapeToken(String(step))}`).join('')
    if (issue.code !== 'unrecognized_keys')
      return [{ in: place, pointer: base || '/', code: issue.code, detail: issue.message }]
    const known = schema instanceof z.ZodObject ? Object.keys(schema.shape) : []
    // The first of them alone get a suggestion, which takes longer to find than all the rest to read.
    return issue.keys.map((name, index) => {
      const isShown = issue.path.length === 0 && index < faultsMax
      const near = isShown ? didYouMean(name, known) : null
      const key = name.slice(0, nameCharactersMax).toWellFormed()
      return {
        in: place,
        pointer: `${base}/${escapeToken(key)}`,
        code: 'unknown_name',
        detail: `"${key}" is not known here.`,
        ...(near ? { hint: `Did you mean "${near}"?` } : {}),
      }
    })
  })
}

const summaryOf = (faults: InputFault[]): string =>
  faults.length === 1 && faults[0]
    ? `${faults[0].in} ${faults[0].pointer}: ${faults[0].detail}`
    : `${faults.length} values are invalid.`
