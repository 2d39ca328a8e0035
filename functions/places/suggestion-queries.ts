import { and, asc, eq, getTableColumns, gt, isNull, type SQL, sql } from 'drizzle-orm'
import { textArray } from '../../db/claim.ts'
import type { Db, Tx } from '../../db/client.ts'
import { documents, jobs, placeDocuments, placeSuggestions, places } from '../../db/schema/index.ts'
import type { SuggestionState } from '../../db/schema/suggestions.ts'

const placeColumns = {
  id: places.id,
  collection: places.collection,
  name: places.name,
  longitude: places.longitude,
  latitude: places.latitude,
}
export type SuggestedPlaceRow = Pick<typeof places.$inferSelect, keyof typeof placeColumns>

/** A suggestion with its place. `version` is that of both: what is shown is, too. */
export type SuggestionRow = typeof placeSuggestions.$inferSelect & { place: SuggestedPlaceRow }

const anyOf = (ids: readonly string[]): SQL => sql`any(${textArray(ids)}::uuid[])`

const columns = {
  ...getTableColumns(placeSuggestions),
  version: sql<number>`${placeSuggestions.version} + ${places.version} - 1`,
  place: placeColumns,
}

const itsPlace = and(
  eq(places.tenantId, placeSuggestions.tenantId),
  eq(places.id, placeSuggestions.placeId),
)
const itsDocumentOutsideTrash = and(
  eq(documents.tenantId, placeSuggestions.tenantId),
  eq(documents.id, placeSuggestions.documentId),
  isNull(documents.trashedAt),
)

const shownRows = (db: Db | Tx) =>
  db
    .select(columns)
    .from(placeSuggestions)
    .innerJoin(places, itsPlace)
    .innerJoin(documents, itsDocumentOutsideTrash)

const owned = (tenantId: string, ids: readonly string[]): SQL | undefined =>
  and(eq(placeSuggestions.tenantId, tenantId), sql`${placeSuggestions.id} = ${anyOf(ids)}`)

export async function findSuggestion(
  db: Db | Tx,
  tenantId: string,
  id: string,
): Promise<SuggestionRow | null> {
  const [row] = await shownRows(db).where(owned(tenantId, [id]))
  return row ?? null
}

export type SuggestionFilter = {
  tenantId: string
  documentId: string | undefined
  placeId: string | undefined
  state: SuggestionState
  collection: string | undefined
  after: string | null
  limit: number
}

/** Oldest first: ids are UUIDv7, made in the order in which a text mentions the places. */
export const listSuggestionRows = (db: Db, filter: SuggestionFilter): Promise<SuggestionRow[]> => {
  const { tenantId, documentId, placeId, state, collection, after, limit } = filter
  const s = placeSuggestions
  return shownRows(db)
    .where(
      and(
        eq(s.tenantId, tenantId),
        documentId === undefined ? undefined : eq(s.documentId, documentId),
        placeId === undefined ? undefined : eq(s.placeId, placeId),
        eq(s.state, state),
        collection === undefined ? undefined : eq(places.collection, collection),
        after === null ? undefined : gt(s.id, after),
      ),
    )
    .orderBy(asc(s.id))
    .limit(limit)
}

/** Places by id, as far as they are there. */
export async function findSuggestedPlaces(
  db: Db | Tx,
  tenantId: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, SuggestedPlaceRow>> {
  if (ids.length === 0) return new Map()
  const rows = await db
    .select(placeColumns)
    .from(places)
    .where(and(eq(places.tenantId, tenantId), sql`${places.id} = ${anyOf(ids)}`))
  return new Map(rows.map((row) => [row.id, row]))
}

export type HeldSuggestion = Pick<SuggestionRow, 'id' | 'state' | 'version'>

/**
 * Suggestions of documents outside the trash, held with their documents and places. In this order, which is also that of
 * the job and of deletions, so that none of them waits for another in a circle.
 */
export async function holdSuggestions(
  tx: Tx,
  tenantId: string,
  ids: readonly string[],
): Promise<HeldSuggestion[]> {
  const found = await tx
    .select({ documentId: placeSuggestions.documentId, placeId: placeSuggestions.placeId })
    .from(placeSuggestions)
    .where(owned(tenantId, ids))
  const documentIds = found.map(({ documentId }) => documentId)
  await tx
    .select({ id: documents.id })
    .from(documents)
    .where(and(eq(documents.tenantId, tenantId), sql`${documents.id} = ${anyOf(documentIds)}`))
    .orderBy(asc(documents.id))
    .for('share')
  const placeIds = found.map(({ placeId }) => placeId)
  await tx
    .select({ id: places.id })
    .from(places)
    .where(and(eq(places.tenantId, tenantId), sql`${places.id} = ${anyOf(placeIds)}`))
    .orderBy(asc(places.id))
    .for('key share')
  return tx
    .select({ id: columns.id, state: columns.state, version: columns.version })
    .from(placeSuggestions)
    .innerJoin(places, itsPlace)
    .innerJoin(documents, itsDocumentOutsideTrash)
    .where(owned(tenantId, ids))
    .orderBy(asc(placeSuggestions.id))
    .for('update', { of: placeSuggestions })
}

type Decision = {
  tenantId: string
  userId: string
  state: SuggestionState
  ids: readonly string[]
  at: Date
}

/** Decides held ones. */
export async function saveDecision(tx: Tx, decision: Decision): Promise<void> {
  const { tenantId, userId, state, ids, at } = decision
  await tx
    .update(placeSuggestions)
    .set({
      ...{ state, updatedAt: at, decidedByUserId: state === 'open' ? null : userId },
      version: sql`${placeSuggestions.version} + 1`,
    })
    .where(owned(tenantId, ids))
  if (state === 'accepted') await linkSuggested(tx, decision)
}

/** A link that somebody made by hand stays as it is. */
const linkSuggested = (tx: Tx, { tenantId, userId, ids, at }: Decision) =>
  tx.execute(sql`
    insert into ${placeDocuments} (tenant_id, place_id, document_id, source, pages, created_by_user_id, created_at)
    select tenant_id, place_id, document_id, 'suggestion', pages, ${userId}::uuid, ${at.toISOString()}::timestamptz
    from ${placeSuggestions} where tenant_id = ${tenantId} and id = ${anyOf(ids)}
    order by place_id, document_id
    on conflict (tenant_id, place_id, document_id) do nothing`)

/** Takes the links away that these suggestions made. */
export const unlinkSuggested = (tx: Tx, tenantId: string, ids: readonly string[]) =>
  tx.execute(sql`
    delete from ${placeDocuments} l using ${placeSuggestions} s
    where l.tenant_id = ${tenantId} and l.source = 'suggestion' and s.tenant_id = l.tenant_id
      and s.place_id = l.place_id and s.document_id = l.document_id and s.id = ${anyOf(ids)}`)

export type AskedDocument = Pick<
  typeof documents.$inferSelect,
  'id' | 'trashedAt' | 'status' | 'jobId'
>

export const findDocuments = (
  tx: Tx,
  tenantId: string,
  ids: readonly string[],
): Promise<AskedDocument[]> => {
  const { id, trashedAt, status, jobId } = documents
  return tx
    .select({ id, trashedAt, status, jobId })
    .from(documents)
    .where(and(eq(documents.tenantId, tenantId), sql`${documents.id} = ${anyOf(ids)}`))
}

/** Jobs that these documents wait for. */
export async function openJobs(
  tx: Tx,
  tenantId: string,
  asked: readonly AskedDocument[],
): Promise<string[]> {
  const ids = asked
    .filter(({ status }) => status === 'pending' || status === 'processing')
    .map(({ jobId }) => jobId)
  if (ids.length === 0) return []
  const rows = await tx
    .select({ id: jobs.id })
    .from(jobs)
    .where(and(eq(jobs.tenantId, tenantId), sql`${jobs.id} = ${anyOf(ids)}`))
  return rows.map(({ id }) => id)
}
