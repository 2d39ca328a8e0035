import * as z from 'zod'
import type { Db } from '../../db/client.ts'
import { confidenceOf, unpackWords } from '../../domain/documents/words.ts'
import type { Call } from '../_shared/http/call.ts'
import { isUnchanged } from '../_shared/http/etag.ts'
import { toPage } from '../_shared/http/pages.ts'
import { AppError } from '../_shared/http/problems.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import { streamed } from '../_shared/http/streamed.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import { missing, type ReadVisible, requireCompleted } from './access.ts'
import { cachedResult, type ResultPart, resultKey } from './cached-result.ts'
import { type Page, toTextSource, type Words } from './contract.ts'
import { findPage, findWords, listPages, listPagesWithWords, type PageRow } from './page-queries.ts'
import type { DocumentRow } from './queries.ts'
import type * as routes from './result-routes.ts'

// Pages read ahead of a slow reader. More saves little; a page can have a megabyte of text.
const pagesPerRead = 8
const formFeed = '\f'

const toPageBody = (row: PageRow): z.input<typeof Page> => ({
  number: row.number,
  width_points: row.widthPoints,
  height_points: row.heightPoints,
  rotation: row.rotation,
  text: row.text,
  text_source: toTextSource(row),
  pending: row.pending,
  failure: row.failureCode && { code: row.failureCode },
})

type PackedWords = { text: string; words: Uint8Array; confidences: Uint8Array | null }

const toWords = ({ text, words, confidences }: PackedWords): z.input<typeof Words>['items'] =>
  unpackWords(words).map(({ start, length, box }, index) => ({
    text: text.slice(start, start + length),
    box,
    confidence: confidenceOf(confidences, index),
  }))

type Reads = { deps: Deps; readVisible: ReadVisible }

export const listPagesHandler =
  ({ deps, readVisible }: Reads): Handler<typeof routes.listPages> =>
  async (c, { param, query }) => {
    await readVisible(c, param.id)
    const scope = JSON.stringify([c.tenantId, 'listPages', param.id])
    const position = z.tuple([z.int()])
    const [after] = query.cursor ? await c.cursors.read(scope, query.cursor, position) : [0]
    const { limit } = query
    const of = { tenantId: c.tenantId, documentId: param.id, after, limit: limit + 1 }
    const page = await toPage(
      { cursors: c.cursors, scope, url: c.url },
      {
        rows: await listPages(deps.db, of),
        limit,
        position: (row) => [row.number],
        item: toPageBody,
      },
    )
    return reply(200, page.body, { headers: page.headers })
  }

type PageParam = { id: string; number: number }

/** A part of a page, with the document's version as ETag; a completed document's parts come from the cache. */
async function pagePart<T>(
  { deps, readVisible }: Reads,
  c: Call,
  { param, part, find }: { param: PageParam; part: ResultPart; find: () => Promise<T | null> },
) {
  const row = await readVisible(c, param.id)
  const { version, status } = row
  const key = resultKey({ tenantId: c.tenantId, id: row.id, jobId: row.jobId }, part, param.number)
  const isKnown = isUnchanged(c.request.headers.get('if-none-match'), version)
  const read = async () => {
    const found = await find()
    if (found === null) throw missing()
    return found
  }
  const isCached = status === 'completed' && !isKnown
  const body = isCached ? await cachedResult(deps.redis.cache, key, read) : await read()
  return { body, version }
}

export const getPageHandler =
  (reads: Reads): Handler<typeof routes.getPage> =>
  async (c, { param }) => {
    const of = { tenantId: c.tenantId, documentId: param.id, number: param.number }
    const find = async () => {
      const row = await findPage(reads.deps.db, of)
      return row && toPageBody(row)
    }
    const { body, version } = await pagePart(reads, c, { param, part: 'page', find })
    return reply(200, body, { version })
  }

export const getWordsHandler =
  (reads: Reads): Handler<typeof routes.getWords> =>
  async (c, { param }) => {
    const of = { tenantId: c.tenantId, documentId: param.id, number: param.number }
    const find = async () => {
      const row = await findWords(reads.deps.db, of)
      return row && { items: toWords(row) }
    }
    const { body, version } = await pagePart(reads, c, { param, part: 'words', find })
    return reply(200, body, { version })
  }

export const getTextHandler =
  ({ deps, readVisible }: Reads): Handler<typeof routes.getText> =>
  async (c, { param }) => {
    const row = await readVisible(c, param.id)
    requireCompleted(row)
    const pages = pagesOfRun({ deps, readVisible }, c, { row, list: listPages })
    return streamed(c, { 'Content-Type': 'text/plain; charset=utf-8' }, async function* () {
      for await (const { number, text } of pages) yield number === 1 ? text : `${formFeed}${text}`
    })
  }

export const getPagesNdjsonHandler =
  ({ deps, readVisible }: Reads): Handler<typeof routes.getPagesNdjson> =>
  async (c, { param }) => {
    const row = await readVisible(c, param.id)
    requireCompleted(row)
    const pages = pagesOfRun({ deps, readVisible }, c, { row, list: listPagesWithWords })
    return streamed(c, { 'Content-Type': 'application/x-ndjson' }, async function* () {
      for await (const page of pages)
        yield `${JSON.stringify({ ...toPageBody(page), words: toWords(page) })}\n`
    })
  }

type Listing<Row> = {
  row: DocumentRow
  list: (db: Db, of: Parameters<typeof listPages>[1]) => Promise<Row[]>
}

/**
 * The pages of the run that `row` names, a few at a time.
 * @throws {AppError} when the document is read again meanwhile: what is there now is not the rest of these pages
 */
async function* pagesOfRun<Row extends { number: number }>(
  { deps, readVisible }: Reads,
  c: Call,
  { row, list }: Listing<Row>,
): AsyncGenerator<Row, void, undefined> {
  const of = { tenantId: c.tenantId, documentId: row.id, limit: pagesPerRead }
  let after = 0
  for (;;) {
    const rows = await list(deps.db, { ...of, after })
    // Afterwards: a run takes the document before it touches the pages.
    const { jobId } = await readVisible(c, row.id)
    if (jobId !== row.jobId) throw new AppError('conflict', 'The document is being read again.')
    yield* rows
    const last = rows.at(-1)
    if (rows.length < pagesPerRead || last === undefined) return
    after = last.number
  }
}
