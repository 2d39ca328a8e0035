import { type ClientApp, newApp } from '../_shared/http/app.ts'
import { type Call, identityOf } from '../_shared/http/call.ts'
import { AppError } from '../_shared/http/problems.ts'
import { reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import { search } from './contract.ts'
import { type Filter, typesFor } from './filters.ts'
import { hintFor } from './hints.ts'
import { toItem } from './hits.ts'
import { firstPosition, readPosition, writePosition, writtenPosition } from './order.ts'
import { type FoundHits, findHits, loadHits } from './queries.ts'
import { isAnchored, type QueryNode, wantedWords } from './tsquery.ts'
import { understand } from './understanding.ts'

/** Finds words and phrases on the pages of documents, in messages and artifacts, and places and conferences by theirs. */
export const createApp = (deps: Deps) =>
  newApp(deps, { name: 'search', summary: 'Search over all that has words.' }).on(
    search,
    async (c, { query: { q: text, limit, cursor, type: asked = [], ...fields } }) => {
      const query = await readQuery(deps, text)
      const reader = readerOf(c)
      const filter = filterOf(fields)
      const types = typesFor(
        asked.flatMap((list) => list.split(',')),
        filter,
        reader.role,
      )
      const scope = JSON.stringify([reader, 'search', text, types, fields])
      const position = cursor
        ? readPosition(await c.cursors.read(scope, cursor, writtenPosition))
        : firstPosition(types)
      const found = await findHits(deps.db, { reader, query, filter, position, limit })
      const load = { reader, hits: found.hits, words: wantedWords(query), now: deps.now() }
      const items = (await loadHits(deps.db, load)).map((hit) => toItem(query, hit))
      const next_cursor = await nextCursor(c, scope, found)
      const headers = next_cursor === null ? {} : { Link: nextLink(c, next_cursor) }
      const hasNone = items.length === 0 && next_cursor === null && !cursor
      const hint = hasNone ? await hintFor(deps.db, { text, reader, filter, types }) : null
      return reply(200, { items, next_cursor, ...(hint && { hint }) }, { headers })
    },
  )

export type SearchApp = ClientApp<ReturnType<typeof createApp>>

function readerOf(c: Call) {
  const { tenantId, userId, role } = identityOf(c.identity)
  return { tenantId, userId, role }
}

type Fields = {
  document_id?: string | undefined
  channel_id?: string | undefined
  user_id?: string | undefined
  from?: string | undefined
  to?: string | undefined
  status?: Filter['status']
  language?: string | undefined
  tag?: readonly string[] | undefined
}

const filterOf = ({ from, to, status, language, tag = [], ...ids }: Fields): Filter => ({
  documentId: ids.document_id,
  channelId: ids.channel_id,
  userId: ids.user_id,
  from: from === undefined ? undefined : new Date(from),
  to: to === undefined ? undefined : new Date(to),
  status,
  language,
  tags: tag,
})

/** @throws {AppError} `invalid` when nothing could be found by it */
async function readQuery(deps: Deps, text: string): Promise<QueryNode> {
  const query = await understand(deps.db, text)
  if (query && isAnchored(query)) return query
  const detail = query ? 'Only says what must not occur.' : 'Has no word to search for.'
  throw new AppError('invalid', `query /q: ${detail}`, {
    hint: 'Name at least one word that is to be found, in each choice of an OR.',
    errors: [{ in: 'query', pointer: '/q', code: 'no_words', detail }],
  })
}

const nextCursor = async (c: Call, scope: string, { next }: FoundHits): Promise<string | null> =>
  next && c.cursors.write(scope, writePosition(next))

function nextLink({ url }: Call, cursor: string): string {
  const next = new URL(url)
  next.searchParams.set('cursor', cursor)
  return `<${next.pathname}${next.search}>; rel="next"`
}
