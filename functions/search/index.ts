import * as z from 'zod'
import { boxesOfRange, unpackWords } from '../../domain/documents/words.ts'
import { type ClientApp, newApp } from '../_shared/http/app.ts'
import type { Call } from '../_shared/http/call.ts'
import { AppError } from '../_shared/http/problems.ts'
import { reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import { type Hit, search } from './contract.ts'
import { matchedRanges, snippetOf } from './highlights.ts'
import {
  blockPagesMax,
  type FoundPages,
  findPages,
  loadHits,
  type PageHit,
  type PagePosition,
  type RankedPosition,
  understoodQuery,
} from './queries.ts'
import { isAnchored, parseTsquery, type QueryNode, wantedLexemes } from './tsquery.ts'

const boxesMax = 100

/** Finds words and phrases on the pages of a tenant's documents. */
export const createApp = (deps: Deps) =>
  newApp(deps, { name: 'search', summary: 'Search over the pages of documents.' }).on(
    search,
    async (c, { query: { q: text, limit, cursor, document_id: documentId, ...rest } }) => {
      const { user_id: userId, status, language, tag: tags = [] } = rest
      const query = await readQuery(deps, text)
      const filter = { documentId, userId, status, language, tags }
      const scope = JSON.stringify([c.tenantId, 'search', text, documentId, rest])
      const [blockAfter, after] = cursor
        ? await c.cursors.read(scope, cursor, position)
        : [null, null]
      const { tenantId } = c
      const find = { tenantId, text, filter, blockAfter, after, limit: limit + 1 }
      const found = await findPages(deps.db, find)
      const pages = found.shown.slice(0, limit).map(([, id, number]): PagePosition => [id, number])
      const hits = await loadHits(deps.db, { tenantId, pages, lexemes: wantedLexemes(query) })
      const next = nextPosition(found, { blockAfter, limit })
      const items = hits.map((hit) => toItem(query, hit))
      if (next === null) return reply(200, { items, next_cursor: null })
      const written = await c.cursors.write(scope, next)
      return reply(
        200,
        { items, next_cursor: written },
        { headers: { Link: nextLink(c, written) } },
      )
    },
  )

export type SearchApp = ClientApp<ReturnType<typeof createApp>>

const page = z.tuple([z.uuid(), z.int()])
const position = z.tuple([page.nullable(), z.tuple([z.int(), z.uuid(), z.int()]).nullable()])

/** @throws {AppError} `invalid` when no page could be found by it */
async function readQuery(deps: Deps, text: string): Promise<QueryNode> {
  const query = parseTsquery(await understoodQuery(deps.db, text))
  if (query && isAnchored(query)) return query
  const detail = query ? 'Only says what must not occur.' : 'Has no word to search for.'
  throw new AppError('invalid', `query /q: ${detail}`, {
    hint: 'Name at least one word that is to be found, in each choice of an OR.',
    errors: [{ in: 'query', pointer: '/q', code: 'no_words', detail }],
  })
}

type Place = { blockAfter: PagePosition | null; limit: number }

function nextPosition(
  { shown, size, last }: FoundPages,
  { blockAfter, limit }: Place,
): readonly [PagePosition | null, RankedPosition | null] | null {
  if (shown.length > limit) return [blockAfter, shown[limit - 1] ?? null]
  return size === blockPagesMax ? [last, null] : null
}

function nextLink({ url }: Call, cursor: string): string {
  const next = new URL(url)
  next.searchParams.set('cursor', cursor)
  return `<${next.pathname}${next.search}>; rel="next"`
}

function toItem(query: QueryNode, hit: PageHit): z.input<typeof Hit> {
  const ranges = matchedRanges(query, hit)
  const words = unpackWords(hit.words)
  // A set: two hits can lie in one word, as in `foo-bar`.
  const boxes = new Set(ranges.flatMap(([start, end]) => boxesOfRange(words, start, end)))
  const { snippet, highlights } = snippetOf(hit.text, ranges)
  return {
    type: 'page',
    document_id: hit.documentId,
    page: hit.number,
    filename: hit.filename,
    title: hit.title,
    snippet,
    highlights: highlights.map(([start, end]) => [start, end]),
    boxes: [...boxes].slice(0, boxesMax),
  }
}
