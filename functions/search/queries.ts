import { type SQL, sql } from 'drizzle-orm'
import type { Db, Tx } from '../../db/client.ts'
import {
  type DocumentStatus,
  documentPages,
  documents,
  documentTags,
} from '../../db/schema/index.ts'
import type { PackedTokens } from './highlights.ts'

/** Pages ranked at once: ranking every match of a common word takes 300 ms, ranking these takes 10. */
export const blockPagesMax = 1_000
const rankBuckets = 50

/** The query as Postgres understands it, e.g. `'exact' <-> 'phrase'`; empty when it has no words. */
export async function understoodQuery(db: Db, text: string): Promise<string> {
  const [row] = await db.execute<{ query: string }>(
    sql`select websearch_to_tsquery('octavo_text', ${text})::text as query`,
  )
  return row?.query ?? ''
}

export type PagePosition = readonly [documentId: string, number: number]
export type RankedPosition = readonly [bucket: number, documentId: string, number: number]

type FindPages = {
  tenantId: string
  text: string
  filter: {
    documentId?: string | undefined
    userId?: string | undefined
    status?: DocumentStatus | undefined
    language?: string | undefined
    tags: readonly string[] // folded; of a document that has all of them
  }
  /** The last page of the block before. */
  blockAfter: PagePosition | null
  after: RankedPosition | null
  limit: number
}

export type FoundPages = {
  shown: RankedPosition[]
  size: number // of the block
  last: PagePosition | null // of the block
}

/**
 * The next pages that match. Matches are taken in blocks, newest documents first, and ranked within their block: the
 * order is the same whenever it is asked for, and no match is ever counted or ranked with all others.
 */
export const findPages = (db: Db, find: FindPages): Promise<FoundPages> =>
  db.transaction(async (tx) => {
    // Planned anew for each query (0.2 ms): the plan that a prepared statement settles on knows nothing of the words,
    // and took 110 ms instead of 17 for a word on each of 40,000 pages.
    await tx.execute(sql`set local plan_cache_mode = force_custom_plan`)
    return nextPages(tx, find)
  })

async function nextPages(tx: Tx, find: FindPages): Promise<FoundPages> {
  const [row] = await tx.execute<{ found: string | FoundPages }>(sql`
    with block as materialized (
      select p.document_id, p.number, p.search, q.query
      from websearch_to_tsquery('octavo_text', ${find.text}) as q(query), ${documentPages} p
      join ${documents} d on d.tenant_id = p.tenant_id and d.id = p.document_id
      where p.tenant_id = ${find.tenantId} and p.search @@ q.query
        and d.trashed_at is null ${conditions(find)}
      order by p.document_id desc, p.number limit ${blockPagesMax}
    ), ranked as (
      select document_id, number, floor(ts_rank(search, query) * ${rankBuckets}::int)::int as bucket
      from block
    ), shown as (
      select bucket, document_id, number from ranked ${afterPosition(find.after)}
      order by bucket desc, document_id desc, number limit ${find.limit}
    )
    select json_build_object(
      'shown', coalesce((select json_agg(json_build_array(bucket, document_id, number)
        order by bucket desc, document_id desc, number) from shown), '[]'),
      'size', (select count(*) from block),
      'last', (select json_build_array(document_id, number) from block
        order by document_id, number desc limit 1)) as found`)
  return parsed<FoundPages>(row?.found) ?? { shown: [], size: 0, last: null }
}

function conditions({ filter, blockAfter }: FindPages): SQL {
  const { documentId, userId, status, language, tags } = filter
  return sql.join([
    ...tags.map(
      (tag) => sql` and exists (select from ${documentTags} g where g.tenant_id = p.tenant_id
        and g.document_id = p.document_id and g.folded = ${tag})`,
    ),
    documentId === undefined ? sql`` : sql` and p.document_id = ${documentId}`,
    userId === undefined ? sql`` : sql` and d.user_id = ${userId}`,
    status === undefined ? sql`` : sql` and d.status = ${status}`,
    language === undefined ? sql`` : sql` and d.language = ${language}`,
    blockAfter === null
      ? sql``
      : sql` and (p.document_id < ${blockAfter[0]} or (p.document_id = ${blockAfter[0]} and p.number > ${blockAfter[1]}))`,
  ])
}

function afterPosition(after: RankedPosition | null): SQL {
  if (after === null) return sql``
  const [bucket, documentId, number] = after
  return sql`where bucket < ${bucket}::int or (bucket = ${bucket}::int and (document_id < ${documentId}
    or (document_id = ${documentId} and number > ${number})))`
}

// Drizzle switches the driver's own JSON parser off for its connections.
function parsed<T>(value: string | T | null | undefined): T | null {
  if (value === null || value === undefined) return null
  return typeof value === 'string' ? (JSON.parse(value) as T) : value
}

export type PageHit = {
  documentId: string
  number: number
  filename: string
  title: string | null
  text: string
  words: Uint8Array
  tokens: PackedTokens
  positions: Map<string, number[]>
}

type LoadHits = {
  tenantId: string
  pages: readonly PagePosition[]
  lexemes: readonly string[]
}

type HitRow = Omit<PageHit, 'tokens' | 'positions'> & {
  tokens: string | number[] | null
  positions: string | [string, number[]][] | null
}

/** What the hits of one reply need, in their order. A page that has gone meanwhile is left out. */
export async function loadHits(db: Db, { tenantId, pages, lexemes }: LoadHits): Promise<PageHit[]> {
  if (pages.length === 0) return []
  const wanted = JSON.stringify(pages.map(([document_id, number]) => ({ document_id, number })))
  // 2,047: longer tokens are not indexed and have no position. The cut is that of the generated column.
  const rows = await db.execute<HitRow>(sql`
    select p.document_id as "documentId", p.number, p.text, p.words, d.filename, d.title,
      (select json_agg(t.tokid + 32 * (octet_length(t.token) >= 2047)::int
          + 64 * char_length(t.token) order by t.place)
        from ts_parse('default', left(p.text, 200000)) with ordinality as t(tokid, token, place)) as tokens,
      (select json_agg(json_build_array(u.lexeme, u.positions)) from unnest(p.search) u
        where u.lexeme in (select jsonb_array_elements_text(${JSON.stringify(lexemes)}::jsonb))) as positions
    from jsonb_to_recordset(${wanted}::jsonb) as w(document_id uuid, number integer)
    join ${documentPages} p
      on p.tenant_id = ${tenantId} and p.document_id = w.document_id and p.number = w.number
    join ${documents} d
      on d.tenant_id = p.tenant_id and d.id = p.document_id and d.trashed_at is null`)
  const byPage = new Map(rows.map((row) => [`${row.documentId} ${row.number}`, toHit(row)]))
  return pages.flatMap(([documentId, number]) => byPage.get(`${documentId} ${number}`) ?? [])
}

const toHit = ({ tokens, positions, ...row }: HitRow): PageHit => ({
  ...row,
  tokens: parsed<number[]>(tokens) ?? [],
  positions: new Map(parsed<[string, number[]][]>(positions) ?? []),
})
