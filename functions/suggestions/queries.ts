import { and, asc, eq, gte, isNull, type SQL, sql } from 'drizzle-orm'
import type { Db, Tx } from '../../db/client.ts'
import { annotations, documents, suggestions } from '../../db/schema/index.ts'
import type { SuggestionState } from '../../db/schema/suggestions.ts'
import type { AnnotationRow } from '../../domain/annotations/representation.ts'
import { findAnnotated } from '../../domain/annotations/suggestions-near.ts'
import type { LabelledRegion } from '../../domain/annotations/suggestions-same.ts'
import type { SuggestionRow } from './representation.ts'

const owned = (tenantId: string, id: string): SQL | undefined =>
  and(eq(suggestions.tenantId, tenantId), eq(suggestions.id, id))

/** Page counts of documents outside the trash, as far as they are known; held, so that none can go before its suggestions are there. */
export async function holdDocuments(
  tx: Tx,
  tenantId: string,
  ids: readonly string[],
): Promise<Map<string, number | null>> {
  const rows = await tx
    .select({ id: documents.id, pageCount: documents.pageCount })
    .from(documents)
    .where(
      and(
        ...[eq(documents.tenantId, tenantId), isNull(documents.trashedAt)],
        sql`${documents.id} = any(${`{${ids.join(',')}}`}::uuid[])`,
      ),
    )
    .orderBy(asc(documents.id))
    .for('key share')
  return new Map(rows.map(({ id, pageCount }) => [id, pageCount]))
}

export async function findSuggestion(
  db: Db | Tx,
  tenantId: string,
  id: string,
): Promise<SuggestionRow | null> {
  const [row] = await db.select().from(suggestions).where(owned(tenantId, id))
  return row ?? null
}

/** The row, held until the transaction ends: of several who decide, one comes after the other. */
export async function holdSuggestion(
  tx: Tx,
  tenantId: string,
  id: string,
): Promise<SuggestionRow | null> {
  const [row] = await tx.select().from(suggestions).where(owned(tenantId, id)).for('update')
  return row ?? null
}

type Decision = {
  state: SuggestionState
  annotationId: string | null
  decidedByUserId: string
  updatedAt: Date
}

/** Decides a held one. */
export async function decideSuggestion(
  tx: Tx,
  { tenantId, id }: SuggestionRow,
  decision: Decision,
): Promise<SuggestionRow> {
  const [row] = await tx
    .update(suggestions)
    .set({ ...decision, version: sql`${suggestions.version} + 1` })
    .where(owned(tenantId, id))
    .returning()
  if (!row) throw new Error('a held suggestion is gone')
  return row
}

/** What a suggestion became, deleted or not. */
export async function findAnnotation(
  tx: Tx,
  { tenantId, annotationId }: SuggestionRow,
): Promise<AnnotationRow | null> {
  if (annotationId === null) return null
  const [row] = await tx
    .select()
    .from(annotations)
    .where(and(eq(annotations.tenantId, tenantId), eq(annotations.id, annotationId)))
  return row ?? null
}

type Filter = {
  tenantId: string
  documentId: string
  state: SuggestionState
  page: number | undefined
  labelName: string | undefined
  confidenceMin: number | undefined
  after: readonly [page: number, id: string] | null
  limit: number
}

const chunkRows = 500

/**
 * Of one document and state, by page and then in the order in which they were made; without open ones whose place has an
 * annotation with their label by now, however many those are.
 */
export async function listSuggestionRows(db: Db, filter: Filter): Promise<SuggestionRow[]> {
  if (filter.state !== 'open') return readRows(db, filter)
  const shown: SuggestionRow[] = []
  for (let { after, limit } = filter; ; limit = chunkRows) {
    const rows = await readRows(db, { ...filter, after, limit })
    const isAnnotated = await findAnnotated(db, filter.tenantId, rows.map(regionOf))
    shown.push(...rows.filter((_, index) => !isAnnotated[index]))
    const last = rows.at(-1)
    if (!last || rows.length < limit || shown.length >= filter.limit)
      return shown.slice(0, filter.limit)
    after = [last.page, last.id]
  }
}

const regionOf = ({ x, y, width, height, ...row }: SuggestionRow): LabelledRegion => ({
  ...row,
  box: [x, y, width, height],
})

const readRows = (db: Db, filter: Filter): Promise<SuggestionRow[]> =>
  db
    .select()
    .from(suggestions)
    .where(
      and(
        eq(suggestions.tenantId, filter.tenantId),
        eq(suggestions.documentId, filter.documentId),
        eq(suggestions.state, filter.state),
        filter.page === undefined ? undefined : eq(suggestions.page, filter.page),
        filter.labelName === undefined ? undefined : eq(suggestions.labelName, filter.labelName),
        filter.confidenceMin === undefined
          ? undefined
          : gte(suggestions.confidence, filter.confidenceMin),
        filter.after === null ? undefined : behind(filter.after),
      ),
    )
    .orderBy(asc(suggestions.page), asc(suggestions.id))
    .limit(filter.limit)

const behind = ([page, id]: readonly [number, string]): SQL =>
  sql`(${suggestions.page}, ${suggestions.id}) > (${page}, ${id})`
