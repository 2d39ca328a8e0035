import { type SQL, sql } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import type { Bounds, Source } from './blocks.ts'

/*
 * A block is looked for among the newest rows first. An index over tenant, id and words gives the matches among the newest
 * 5,000 of 200,000 pages in 1 ms, where all matches of a word on every tenth page take 15.
 */

/** By the matches among so many is said how many rows have a full block. */
export const firstRows = 1_000
// A longer way costs more than all matches of a word that is so rare.
const rowsMax = 40_000

/** All rows that a source is of. Where a source names them, there is a GIN index over their tenant, id and words. */
export type Rows = {
  table: SQL
  tenant: SQL
  tenantId: string
  /** SQL that follows a condition: plain bounds of the ids of what is asked for. */
  within: SQL
}

/** The rows down to an id; `null`: to the oldest. `isWhole`: no match that is asked for is older. */
export type Window = { from: string | null; isWhole: boolean }

type IdAndRows = Pick<Source, 'id' | 'rows'>

/**
 * SQL: an id is not above or below another one, as an index of ids takes it. Where there is an index over tenant, id and
 * words, that one cannot: it would collect all rows on this side of the id, and there may be very many.
 */
export const boundOf = ({ id, rows }: IdAndRows, compared: SQL, other: string): SQL =>
  rows
    ? sql`(${rows.tenant}, ${id}) ${compared} (${rows.tenantId}::uuid, ${other}::uuid)`
    : sql`${id} ${compared} ${other}::uuid`

/** SQL that follows a condition: in a window, whose bounds are plain, so that the index of words can use them too. */
export const inWindow = ({ id, rows }: IdAndRows, { above }: Bounds, { from }: Window): SQL =>
  sql.join([
    rows?.within ?? sql``,
    above ? sql` and ${id} <= ${above[0]}` : sql``,
    from === null ? sql`` : sql` and ${id} >= ${from}`,
  ])

/** SQL that follows a condition: where there is no window. An index of ids can begin with these bounds. */
export const outOfWindow = (source: IdAndRows, { above, last }: Bounds): SQL =>
  sql.join([
    above ? sql` and ${boundOf(source, sql`<=`, above[0])}` : sql``,
    last ? sql` and ${boundOf(source, sql`>=`, last[0])}` : sql``,
  ])

/** Id of the row that so many are newer than, of those that are asked for; `null`: there are not so many. */
export async function idBehind(
  tx: Tx,
  { id, rows: { table, tenant, tenantId, within } }: Source & { rows: Rows },
  { bounds: { above }, count }: { bounds: Bounds; count: number },
): Promise<string | null> {
  const [row] = await tx.execute<{ id: string }>(sql`
    select ${id} as id from ${table} where ${tenant} = ${tenantId} ${within}
      ${above ? sql`and ${id} <= ${above[0]}` : sql``}
    order by ${id} desc offset ${count} limit 1`)
  return row?.id ?? null
}

/**
 * Rows among which a number of matches is to be expected after some were found among the first: more than by their share,
 * for they do not lie evenly.
 * @returns `null` where all matches are better looked for at once
 */
export function rowsWith(wanted: number, found: number): number | null {
  const sureShare = (found - 1.5 * Math.sqrt(found)) / firstRows
  const rows = Math.ceil(wanted / sureShare)
  return sureShare > 0 && rows <= rowsMax ? rows : null
}
