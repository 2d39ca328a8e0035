import { sql } from 'drizzle-orm'
import type { Db, Tx } from '../../db/client.ts'
import { mapLexemes, parseTsquery, type QueryNode } from './tsquery.ts'

/*
 * Postgres knows what web-style queries mean, and has no sign for the beginning of a word. So `invoi*` is sent to it as
 * a word with an ending of our own, which comes back on whatever Postgres has made of that word, wherever it stands.
 */
const prefixEnding = 'xqzj' // no word ends so, and no stemmer takes it off
// Postgres takes `S&P` for two words that may stand anywhere, and of `-S&P` excludes the S alone. Entities are no words.
const joiningSign = /(?<=[\p{L}\p{N}\p{M}])&(?=[\p{L}\p{N}])(?!\w+;)/gu
const prefixSign = /(?<=[\p{L}\p{N}\p{M}])\*+(?![\p{L}\p{N}\p{M}])/gu

/**
 * What a web-style query asks for: words in any form, `"phrases"`, `-excluded`, `OR` and `begin*`.
 * @returns `null` when it has no words; whatever is typed, it is no error
 */
export async function understand(db: Db | Tx, text: string): Promise<QueryNode | null> {
  const marked = text.replace(joiningSign, ',').replace(prefixSign, prefixEnding)
  const [row] = await db.execute<{ query: string }>(
    sql`select websearch_to_tsquery('octavo_text', ${marked})::text as query`,
  )
  const found = parseTsquery(row?.query ?? '')
  if (!found) return null
  const query = mapLexemes(found, withoutSign)
  const prefixes = [...new Set(prefixesOf(query))]
  if (prefixes.length === 0) return query
  const stems = await stemsOf(db, prefixes)
  return mapLexemes(query, (lexeme) => withPrefix(lexeme, stems))
}

const prefixOf = (lexeme: string): string | null =>
  lexeme.endsWith(prefixEnding) && lexeme !== prefixEnding
    ? lexeme.slice(0, -prefixEnding.length)
    : null

function prefixesOf(node: QueryNode): string[] {
  if (node.type === 'lexeme') return [prefixOf(node.lexeme) ?? []].flat()
  if (node.type === 'prefix') return []
  if (node.type === 'not') return prefixesOf(node.operand)
  return [...prefixesOf(node.left), ...prefixesOf(node.right)]
}

type Stems = ReadonlyMap<string, readonly string[]>

function withPrefix(lexeme: string, stems: Stems): QueryNode {
  const prefix = prefixOf(lexeme)
  if (prefix === null) return { type: 'lexeme', lexeme }
  return (stems.get(prefix) ?? []).reduce<QueryNode>(
    (left, stem) => ({ type: 'or', left, right: { type: 'lexeme', lexeme: stem } }),
    { type: 'prefix', prefix },
  )
}

/** Postgres reads a number behind a hyphen as one below zero, so that `PLDI-27` found neither `PLDI 27` nor `PLDI'27`. */
function withoutSign(lexeme: string): QueryNode {
  const left: QueryNode = { type: 'lexeme', lexeme }
  if (!/^-\d[\d.]*$/.test(lexeme)) return left
  return { type: 'or', left, right: { type: 'lexeme', lexeme: lexeme.slice(1) } }
}

const endings = [
  ...['s', 'ed', 'ing', 'ings', 'er', 'ers', 'ly', 'ment', 'ments', 'ness', 'ful', 'fully'],
  ...['ion', 'ions', 'ional', 'ation', 'ations', 'ational', 'ive', 'ively', 'ity', 'ities'],
  ...['al', 'ally', 'able', 'ably', 'ability', 'ible', 'ibly', 'ance', 'ences', 'ency', 'encies'],
  ...['ous', 'ously', 'ism', 'ist', 'ize', 'ized', 'izing', 'ization', 'ise', 'ising', 'ies', 'y'],
]
/** All that can be missing of a word of which the beginning has been typed, and nothing. */
const completions = [
  ...new Set(endings.flatMap((ending) => [...ending].map((_, start) => ending.slice(start)))),
  '',
].join()

/**
 * The stems that words which begin so can have without beginning so themselves: `running` is indexed as `run`, which
 * `runni*` is to find too.
 */
async function stemsOf(db: Db | Tx, prefixes: readonly string[]): Promise<Stems> {
  const rows = await db.execute<{ prefix: string; stem: string }>(sql`
    select distinct p.prefix, s.stem
    from jsonb_array_elements_text(${JSON.stringify(prefixes)}::jsonb) as p(prefix),
      unnest(string_to_array(${completions}, ',')) as c(completion),
      unnest(ts_lexize('octavo_english', p.prefix || c.completion)) as s(stem)
    where not starts_with(s.stem, p.prefix) order by 1, 2`)
  const stems = new Map<string, string[]>()
  for (const { prefix, stem } of rows) stems.set(prefix, [...(stems.get(prefix) ?? []), stem])
  return stems
}
