import { and, asc, eq, gt, type SQL, sql } from 'drizzle-orm'
import type { AnyPgColumn } from 'drizzle-orm/pg-core'
import { textArray } from '../../db/claim.ts'
import type { Db, Tx } from '../../db/client.ts'
import { documents, jobs, placeDocuments, placeSuggestions, places } from '../../db/schema/index.ts'
import type { SuggestionState } from '../../db/schema/suggestions.ts'

/** Without its place: that is read apart, so that no plan ever joins the whole gazetteer. */
export type SuggestionRow = typeof placeSuggestions.$inferSelect

const anyOf = (ids: readonly string[]): SQL => sql`any(${textArray(ids)}::uuid[])`

const { tenantId: ofTenant, documentId: ofDocument, placeId: ofPlace } = placeSuggestions
// Each looks one row up, whatever the plan.
const isOutsideTrash = sql`(select d.trashed_at is null from ${documents} d
  where d.tenant_id = ${ofTenant} and d.id = ${ofDocument})`
const isIn = (collection: string) => sql`(select p.collection from ${places} p
  where p.tenant_id = ${ofTenant} and p.id = ${ofPlace}) = ${collection}`

const owned = (tenantId: string, ids: readonly string[]): SQL | undefined =>
  and(eq(ofTenant, tenantId), sql`${placeSuggestions.id} = ${anyOf(ids)}`)

export async function findSuggestion(
  db: Db | Tx,
  tenantId: string,
  id: string,
): Promise<SuggestionRow | null> {
  const [row] = await db
    .select()
    .from(placeSuggestions)
    .where(and(owned(tenantId, [id]), isOutsideTrash))
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

const beforeAll = '00000000-0000-0000-0000-000000000000'

/** Oldest first: ids are UUIDv7, made in the order in which a text mentions the places. */
export const listSuggestionRows = (db: Db, filter: SuggestionFilter): Promise<SuggestionRow[]> => {
  const { tenantId, documentId, placeId, state, collection, limit } = filter
  const after = filter.after ?? beforeAll
  const { id, state: ofState } = placeSuggestions
  // Only the index that begins with it has this order: a range, because of a constant the order would say nothing.
  const leading = (column: AnyPgColumn, value: string) =>
    sql`(${column}, ${ofState}, ${id}) > (${value}::uuid, ${state}::text, ${after}::uuid) and ${column} <= ${value}`
  const [range, order] =
    documentId !== undefined
      ? [leading(ofDocument, documentId), [asc(ofDocument), asc(id)]]
      : placeId !== undefined
        ? [leading(ofPlace, placeId), [asc(ofPlace), asc(id)]]
        : [gt(id, after), [asc(id)]]
  return db
    .select()
    .from(placeSuggestions)
    .where(
      and(
        ...[eq(ofTenant, tenantId), eq(ofState, state), range, isOutsideTrash],
        documentId === undefined || placeId === undefined ? undefined : eq(ofPlace, placeId),
        collection === undefined ? undefined : isIn(collection),
      ),
    )
    .orderBy(...order)
    .limit(limit)
}

const placeColumns = {
  id: places.id,
  collection: places.collection,
  name: places.name,
  longitude: places.longitude,
  latitude: places.latitude,
  version: places.version,
}
type PlaceRow = Pick<typeof places.$inferSelect, keyof typeof placeColumns>

/** Places by id, as far as they are there. */
export async function findSuggestedPlaces(
  db: Db | Tx,
  tenantId: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, PlaceRow>> {
  if (ids.length === 0) return new Map()
  const rows = await db
    .select(placeColumns)
    .from(places)
    .where(and(eq(places.tenantId, tenantId), sql`${places.id} = ${anyOf(ids)}`))
  return new Map(rows.map((row) => [row.id, row]))
}

/**
 * Suggestions of documents outside the trash, held with their documents and places. In this order, which is also that of
 * the job and of deletions, so that none of them waits for another in a circle.
 * @returns with versions as they are shown
 */
export async function holdSuggestions(
  tx: Tx,
  tenantId: string,
  ids: readonly string[],
): Promise<Pick<SuggestionRow, 'id' | 'state' | 'version'>[]> {
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
  const { id, state, version, placeId } = placeSuggestions
  const held = await tx
    .select({ id, state, version, placeId })
    .from(placeSuggestions)
    .where(and(owned(tenantId, ids), isOutsideTrash))
    .orderBy(asc(id))
    .for('update')
  const placesById = await findSuggestedPlaces(tx, tenantId, placeIds)
  return held.map((row) => ({ ...row, version: shownVersion(row, placesById.get(row.placeId)) }))
}

/** Grows with every change of the suggestion and of its place: both are shown. */
export const shownVersion = (
  { version }: Pick<SuggestionRow, 'version'>,
  place: Pick<PlaceRow, 'version'> | undefined,
): number => version + (place?.version ?? 1) - 1

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
export const linkSuggested = (tx: Tx, { tenantId, userId, ids, at }: Omit<Decision, 'state'>) =>
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

type AskedDocument = Pick<typeof documents.$inferSelect, 'id' | 'trashedAt' | 'status' | 'jobId'>

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
