import * as z from 'zod'
import type { Operation } from './functions.ts'
import {
  hostileBodies,
  hostileHeaders,
  hostileJson,
  hostileSegments,
  hostileTexts,
} from './hostile-values.ts'

/** A request whose parts are mutated; `description` reproduces it by reading. */
export type HostileRequest = { description: string; url: string; init: RequestInit }

type Draft = {
  path: string
  query: string[]
  headers: Record<string, string>
  body: BodyInit | null
}

/** Small seeded generator (mulberry32), so that a failing run can be repeated. */
export function seededRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** The same seed for the same operation, run after run. */
export const seedOf = (operationId: string): number =>
  [...operationId].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 7) | 0

const shapeOf = (schema: z.ZodType | undefined): string[] =>
  schema instanceof z.ZodObject ? Object.keys(schema.shape) : []

/** In how many places an operation takes something from its caller. */
export function partsOf({ route: { input, method }, path }: Operation): number {
  const named = [input?.query, input?.json, input?.header].flatMap(shapeOf).length
  return named + (path.match(/:\w+/g)?.length ?? 0) + (method === 'get' ? 0 : 3)
}

/** Percent-encodes like a careless client: lone surrogates become bytes that are no UTF-8. */
const encoded = (text: string): string =>
  text.isWellFormed() ? encodeURIComponent(text) : '%ED%A0%80'

/**
 * @param good ids and values by parameter name, so that some requests reach a real row
 * @returns `count` requests for one operation; the same for the same seed
 */
export function hostileRequests(
  { route, path }: Operation,
  good: Record<string, string>,
  { key, count, seed }: { key: string; count: number; seed: number },
): HostileRequest[] {
  const random = seededRandom(seed)
  const pick = <T>(values: readonly T[]): T => {
    const value = values[Math.floor(random() * values.length)]
    if (value === undefined) throw new Error('nothing to pick from')
    return value
  }
  const names = {
    query: [...shapeOf(route.input?.query), 'limit', 'cursor', 'unknown'],
    json: [...shapeOf(route.input?.json), 'unknown', 'id', 'tenant_id'],
  }
  const segment = (name: string): string =>
    random() < 0.7 ? (good[name] ?? pick(hostileSegments)) : pick(hostileSegments)
  const body = (): BodyInit | null => {
    if (route.method === 'get') return null
    if (random() < 0.4) return pick(hostileBodies)
    const fields = names.json.filter(() => random() < 0.6)
    return JSON.stringify(Object.fromEntries(fields.map((name) => [name, pick(hostileJson)])))
  }
  const draft = (): Draft => ({
    path: path.replaceAll(/:(\w+)/g, (_, name: string) => segment(name)),
    query: names.query
      .filter(() => random() < 0.25)
      .map((name) => `${name}=${random() < 0.1 ? '%E0%A4' : encoded(pick(hostileTexts))}`),
    headers: {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      ...(random() < 0.4 ? pick(hostileHeaders) : {}),
    },
    body: body(),
  })
  return Array.from({ length: count }, () => toRequest(route.method, draft(), random() < 0.2))
}

function toRequest(method: string, draft: Draft, isChunked: boolean): HostileRequest {
  const url = `http://octavo.test${draft.path}${draft.query.length > 0 ? `?${draft.query.join('&')}` : ''}`
  const body =
    isChunked && draft.body !== null ? new Blob([draft.body as string]).stream() : draft.body
  const init = { method: method.toUpperCase(), headers: draft.headers, body, duplex: 'half' }
  const shown = typeof draft.body === 'string' ? draft.body.slice(0, 200) : String(draft.body)
  return {
    description: `${init.method} ${url.slice(0, 300)} ${JSON.stringify(draft.headers).slice(0, 300)} ${shown}`,
    url,
    init: init as RequestInit,
  }
}
