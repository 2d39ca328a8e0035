import { type SQL, sql } from 'drizzle-orm'
import type { PgColumn } from 'drizzle-orm/pg-core'
import type { Reader } from '../../domain/channels/access.ts'
import { type Key, parsed } from './blocks.ts'
import type { HitType } from './filters.ts'
import type { PackedTokens } from './highlights.ts'
import type { Positions } from './spans.ts'
import type { WantedWords } from './tsquery.ts'

/** A text that matches, with what its highlights are made of. */
export type FoundText = { text: string; tokens: PackedTokens; positions: Positions }

/** {@link FoundText} as a statement gives it. */
export type FoundTextRow = {
  text: string
  tokens: string | number[] | null
  positions: string | [string, number[]][] | null
}

/** SQL: the columns of a {@link FoundTextRow}. `text` is cut as where its words were indexed. */
export function foundText(text: SQL, search: SQL, { lexemes, prefixes }: WantedWords): SQL {
  // 2,047: longer tokens are not indexed and have no position.
  return sql`${text} as text,
    (select json_agg(t.tokid + 32 * (octet_length(t.token) >= 2047)::int
        + 64 * char_length(t.token) order by t.place)
      from ts_parse('default', ${text}) with ordinality as t(tokid, token, place)) as tokens,
    (select json_agg(json_build_array(u.lexeme, u.positions)) from unnest(${search}) u
      where u.lexeme in (select jsonb_array_elements_text(${JSON.stringify(lexemes)}::jsonb))
        or exists (select from jsonb_array_elements_text(${JSON.stringify(prefixes)}::jsonb) as p(prefix)
          where starts_with(u.lexeme, p.prefix))) as positions`
}

/** The hits of one type that a reply needs, by their keys. */
export type Load = { reader: Reader; keys: readonly Key[]; words: WantedWords; now: Date }

/** SQL: rows `w(id, number)` of what is to be loaded. */
export function wantedRows(keys: readonly Key[]): SQL {
  const rows = keys.map(([id, number]) => ({ id, number }))
  return sql`jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as w(id uuid, number integer)`
}

/** The highlights' part of a row. */
export const toFoundText = ({ text, tokens, positions }: FoundTextRow): FoundText => ({
  text,
  tokens: parsed<number[]>(tokens) ?? [],
  positions: new Map(parsed<[string, number[]][]>(positions) ?? []),
})

/** SQL: the column's row is to be loaded. An array, because a plan for empty tables joined by reading all of them. */
export const isWanted = (column: SQL | PgColumn, keys: readonly Key[]): SQL =>
  sql`${column} = any(${`{${keys.map(([id]) => id).join()}}`}::uuid[])`

/** A hit of a type of which each is one by its id alone. */
export type HitOf<Type extends HitType, Columns> = Columns & {
  type: Type
  number: number
  found: FoundText
}

/** Rows as hits of a type of which each is one by its id alone. */
export const toHits = <Type extends HitType, Row extends FoundTextRow>(
  type: Type,
  rows: readonly Row[],
) => rows.map((row) => ({ ...row, type, number: 0, found: toFoundText(row) }))

/** SQL: a time as the contract writes it. */
export const contractTime = (column: SQL): SQL =>
  sql`to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
