import { type SQL, sql } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import {
  firstRows,
  idBehind,
  inWindow,
  outOfWindow,
  type Rows,
  rowsWith,
  type Window,
} from './newest.ts'

/** Matches of one type that are ranked at once: of 500, the dearest words on 200,000 pages took 20 ms, of these they take 11. */
export const blockRowsMax = 250
// What came into a block since it was first read is ranked with it, up to here.
const pinnedRowsMax = 4 * blockRowsMax
const rankBuckets = 200

/** Names a match within its type. Newer ids come first, and of one id the lower number. */
export type Key = readonly [id: string, number: number]
export type Ranked = readonly [bucket: number, id: string, number: number]

/** What one type of hit is found in. `search` is the words of a row; a row is one only by its `id` and `number`. */
export type Source = {
  from: SQL
  where: SQL
  id: SQL
  number: SQL
  search: SQL
  textBytes: SQL
  /** Of a source that may have very many. */
  rows?: Rows
}

/** The matches below the one key and down to the other, that one included; `null`: from the newest; as many as a block has. */
export type Bounds = { above: Key | null; last: Key | null }

/** Of all types' hits, the last one that was shown. `before`: hits of its type come before those of the one asked for. */
export type After = { ranked: Ranked; type: 'before' | 'same' | 'behind' }

export type Block = {
  shown: Ranked[]
  size: number
  first: Key | null
  last: Key | null
}

/** `query` and `words` are tsqueries; `words` finds any of those that a match is found by. */
type RankBlock = {
  query: string
  words: string
  bounds: Bounds
  after: After | null
  limit: number
}

/**
 * The best of a block of matches. Matches are taken in blocks, newest first, and ranked within their block: the order is
 * the same whenever it is asked for, and no match is ever counted or ranked with all others.
 */
export async function rankBlock(tx: Tx, source: Source, rank: RankBlock): Promise<Block> {
  const { rows } = source
  const found = rows ? await rankNewest(tx, { ...source, rows }, rank) : null
  return found ?? readBlock(tx, source, { ...rank, window: null })
}

/** @returns `null` when the block is to be looked for among all rows */
async function rankNewest(
  tx: Tx,
  source: Source & { rows: Rows },
  rank: RankBlock,
): Promise<Block | null> {
  const { last } = rank.bounds
  const read = async (from: string | null) => {
    // What an index that knows no words leads to is read row by row, with words kept elsewhere: 3 us, and no plan knows.
    await tx.execute(sql`set local cpu_index_tuple_cost = 4`)
    const isWhole = from === null || (last !== null && from <= last[0])
    const window = { from: isWhole ? (last?.[0] ?? null) : from, isWhole }
    const block = await readBlock(tx, source, { ...rank, window })
    return { block, isDone: isWhole || (last === null && block.size >= blockRowsMax) }
  }
  const first = await read(await idBehind(tx, source, { ...rank, count: firstRows }))
  if (first.isDone) return first.block
  const count = rowsWith(blockRowsMax, first.block.size)
  if (count === null) return null
  if (last) return (await read(last[0])).block
  await tx.execute(sql`set local cpu_index_tuple_cost to default`)
  const second = await read(await idBehind(tx, source, { ...rank, count }))
  return second.isDone ? second.block : null
}

type ReadBlock = RankBlock & { window: Window | null }

async function readBlock(
  tx: Tx,
  source: Source,
  { query, words, bounds, after, limit, window }: ReadBlock,
): Promise<Block> {
  const { id, number, search, textBytes } = source
  // Of newest rows that have no full block only the number of matches is of use.
  const sizeMin = window === null || window.isWhole ? 0 : blockRowsMax
  const [row] = await tx.execute<{ found: string | Block }>(sql`
    with block as materialized (
      select ${id} as id, ${number} as number, ${search} as search, ${textBytes} as text_bytes
      from ${source.from}
      where ${source.where} and ${search} @@ ${query}::tsquery ${within(source, bounds)}
        ${window ? inWindow(source, bounds, window) : outOfWindow(source, bounds)}
      order by id desc, number limit ${bounds.last ? pinnedRowsMax : blockRowsMax}
    ), ranked as (
      select id, number, ${bucketOf(words)} as bucket from block
      where (select count(*) from block) >= ${sizeMin}
    ), shown as (
      select bucket, id, number from ranked ${behind(after)}
      order by bucket desc, id desc, number limit ${limit}
    )
    select json_build_object(
      'shown', coalesce((select json_agg(json_build_array(bucket, id, number)
        order by bucket desc, id desc, number) from shown), '[]'),
      'size', (select count(*) from block),
      'first', (select json_build_array(id, number) from (
        select id, number from block order by id desc, number limit 1) as newest),
      'last', (select json_build_array(id, number) from (
        select id, number from block order by id, number desc limit 1) as oldest)
    ) as found`)
  return parsed<Block>(row?.found) ?? { shown: [], size: 0, first: null, last: null }
}

// Over six judged sets of texts: 0.981 of the best order (nDCG) of the first ten, where bm25 of SQLite's FTS5 has 0.976 and
// `ts_rank` had 0.78. Lengths are those of the texts, which cost nothing to read; those of their words have to be unpacked.
const [saturation, lengthShare, usualBytes] = [2, 0.9, 400]

/**
 * SQL: how much a text is about the words: how often they occur, each further time counting less, and less the longer it
 * is. It is of the row alone: were it of other matches too, those that are added would move it past a cursor.
 */
function bucketOf(words: string): SQL {
  const [fixed, perByte] = [1 - lengthShare, lengthShare / usualBytes].map((part) =>
    sql.raw(`${saturation * part}::float8`),
  )
  // Of single words, `ts_rank_cd` is a tenth of how often they occur.
  const count = sql`greatest(10 * ts_rank_cd(search, ${words}::tsquery), 0.1)`
  return sql`floor(${rankBuckets}::int / (1 + (${fixed} + ${perByte} * text_bytes) / ${count}))::int`
}

function within({ id, number }: Source, { above, last }: Bounds): SQL {
  return sql.join([
    above
      ? sql` and (${id} < ${above[0]} or (${id} = ${above[0]} and ${number} > ${above[1]}))`
      : sql``,
    last
      ? sql` and (${id} > ${last[0]} or (${id} = ${last[0]} and ${number} <= ${last[1]}))`
      : sql``,
  ])
}

function behind(after: After | null): SQL {
  if (!after) return sql``
  const [bucket, id, number] = after.ranked
  const ofSameId = { before: sql`true`, same: sql`number > ${number}`, behind: sql`false` }
  return sql`where bucket < ${bucket}::int or (bucket = ${bucket}::int and (id < ${id}
    or (id = ${id} and ${ofSameId[after.type]})))`
}

/** JSON of a raw statement: Drizzle switches the driver's own parser off for its connections. */
export function parsed<T>(value: string | T | null | undefined): T | null {
  if (value === null || value === undefined) return null
  return typeof value === 'string' ? (JSON.parse(value) as T) : value
}
