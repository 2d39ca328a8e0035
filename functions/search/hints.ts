import { sql } from 'drizzle-orm'
import type { Db, Tx } from '../../db/client.ts'
import type { Reader } from '../../domain/channels/access.ts'
import { type Filter, type HitType, typesFor } from './filters.ts'
import { sources } from './queries.ts'
import { formatTsquery, isAnchored } from './tsquery.ts'
import { understand } from './understanding.ts'

type Asked = { text: string; reader: Reader; filter: Filter; types: readonly HitType[] }

const noFilter: Filter = { tags: [] }
const termsMax = 6
const prefixCharsMin = 3

/**
 * What would help somebody who found nothing. All it says is of what the reader may see.
 * @returns `null` when nothing would
 */
export async function hintFor(db: Db, asked: Asked): Promise<string | null> {
  const { text, reader, filter, types } = asked
  if (types.length === 0) return 'The filters and types fit no kind of hit together.'
  const terms = termsOf(text)
  return db.transaction(async (tx) => {
    await tx.execute(sql`set local plan_cache_mode = force_custom_plan`)
    const open = { ...asked, filter: noFilter, types: typesFor([], noFilter, reader.role) }
    const isFiltered =
      JSON.stringify(filter) !== JSON.stringify(noFilter) || types.length < open.types.length
    if (isFiltered && (await isFound(tx, text, open)))
      return 'There are hits without the filters or of other types.'
    return terms ? hintOfTerms(tx, terms, asked) : null
  })
}

/** The words and phrases that must all occur; `null`: there is a choice among them, or there are too many. */
function termsOf(text: string): string[] | null {
  const terms = text.match(/-?"[^"]*"|[^\s"]+/g) ?? []
  if (terms.length > termsMax || terms.some((term) => /^or$/i.test(term))) return null
  return terms
}

async function hintOfTerms(tx: Tx, terms: readonly string[], asked: Asked): Promise<string | null> {
  const wanted = terms.filter((term) => !term.startsWith('-'))
  if (wanted.length < terms.length && (await isFound(tx, wanted.join(' '), asked)))
    return 'There are hits without what is excluded.'
  const missing: string[] = []
  for (const term of wanted) if (!(await isFound(tx, term, asked))) missing.push(term)
  if (missing.length === 0) return 'Each word is found, but not all together: try OR between them.'
  const [first = ''] = missing
  const isWord = /^[\p{L}\p{N}]+$/u.test(first) && first.length >= prefixCharsMin
  if (isWord && (await isFound(tx, `${first}*`, asked)))
    return `Nothing has the word ${first}, but there are words that begin so: try ${first}*.`
  return wanted.length > missing.length ? `Nothing has ${missing.join(' or ')}: try without.` : null
}

async function isFound(tx: Tx, text: string, { reader, filter, types }: Asked): Promise<boolean> {
  const query = await understand(tx, text)
  if (!query || !isAnchored(query)) return false
  for (const type of types) {
    const { from, where, search } = await sources[type](tx, reader, filter)
    const [row] = await tx.execute<{ isFound: boolean }>(sql`
      select exists (select from ${from} where ${where}
        and ${search} @@ ${formatTsquery(query)}::tsquery) as "isFound"`)
    if (row?.isFound) return true
  }
  return false
}
