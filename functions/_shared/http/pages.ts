import * as z from 'zod'
import { equalBytes } from '../access/keys.ts'
import { AppError } from './problems.ts'

/** Fields that every list takes. */
export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(100).default(20).meta({
    description: 'Items a page.',
    example: 20,
  }),
  cursor: z.string().optional().meta({
    description: '`next_cursor` of the page before.',
  }),
}

/** A page of `item`. `next_cursor` is `null` on the last one. */
export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), next_cursor: z.string().nullable() })

export const toBase64Url = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')

function fromBase64Url(text: string): Uint8Array | null {
  if (!/^[A-Za-z0-9_-]*$/.test(text)) return null
  try {
    const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
    return Uint8Array.from(binary, (character) => character.charCodeAt(0))
  } catch {
    return null
  }
}

const signatureBytes = 16

/** Makes and reads keyset cursors. `scope` (tenant, operation, filters) is signed with them: a cursor fits only its own list. */
export type Cursors = {
  write(scope: string, position: readonly unknown[]): Promise<string>
  /** @throws {AppError} `invalid_cursor` unless we made it for this scope and it has the schema's shape */
  read<T>(scope: string, cursor: string, schema: z.ZodType<T>): Promise<T>
}

export function newCursors(secret: Uint8Array): Cursors {
  let key: Promise<CryptoKey> | undefined
  const sign = async (scope: string, payload: string): Promise<Uint8Array> => {
    key ??= crypto.subtle.importKey(
      'raw',
      new Uint8Array(secret),
      { name: 'HMAC', hash: 'SHA-256' },
      false,
      ['sign'],
    )
    const data = new TextEncoder().encode(`cursor\n${scope}\n${payload}`)
    return new Uint8Array(await crypto.subtle.sign('HMAC', await key, data)).slice(
      0,
      signatureBytes,
    )
  }
  return {
    async write(scope, position) {
      const payload = toBase64Url(new TextEncoder().encode(JSON.stringify(position)))
      return `${payload}.${toBase64Url(await sign(scope, payload))}`
    },
    async read(scope, cursor, schema) {
      if (cursor.length > cursorCharactersMax) throw forgedCursor()
      const [payload = '', signature = '', ...rest] = cursor.split('.')
      const given = fromBase64Url(signature)
      const bytes = fromBase64Url(payload)
      const isOurs = given !== null && equalBytes(given, await sign(scope, payload))
      if (!isOurs || !bytes || rest.length > 0) throw forgedCursor()
      const result = schema.safeParse(JSON.parse(new TextDecoder().decode(bytes)))
      if (!result.success) throw forgedCursor()
      return result.data
    },
  }
}

// Ours have some hundred characters; longer ones need not be looked at.
const cursorCharactersMax = 1_000

export const forgedCursor = (): AppError =>
  new AppError('invalid_cursor', 'This cursor does not belong to this list.', {
    hint: 'Start again without a cursor, with the same filters throughout.',
  })

type PageParts<Row, Item> = {
  /** One row more than `limit`, when there is one. */
  rows: readonly Row[]
  limit: number
  position: (row: Row) => readonly unknown[]
  item: (row: Row) => Item
}

/** Cuts the extra row off and says where the next page begins. */
export async function toPage<Row, Item>(
  list: { cursors: Cursors; scope: string; url: URL },
  { rows, limit, position, item }: PageParts<Row, Item>,
): Promise<{
  body: { items: Item[]; next_cursor: string | null }
  headers: Record<string, string>
}> {
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  const items = shown.map(item)
  if (rows.length <= limit || last === undefined)
    return { body: { items, next_cursor: null }, headers: {} }
  const next = await list.cursors.write(list.scope, position(last))
  const url = new URL(list.url)
  url.searchParams.set('cursor', next)
  return {
    body: { items, next_cursor: next },
    headers: { Link: `<${url.pathname}${url.search}>; rel="next"` },
  }
}
