import { and, asc, eq, gt, isNull, type SQL, sql } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import { textArray } from '../../db/claim.ts'
import type { Db, Tx } from '../../db/client.ts'
import {
  documentPages,
  documents,
  placeDocuments,
  placeSuggestions,
  places,
} from '../../db/schema/index.ts'
import type { GazetteerScope } from '../../domain/places/gazetteer.ts'
import type { MentionedPlace } from '../../domain/places/suggesting.ts'

const textCharsMax = 200_000
const pagesAtOnce = 10

export type DocumentRef = { tenantId: string; documentId: string }

const anyOf = (ids: readonly string[]): SQL => sql`any(${textArray(ids)}::uuid[])`

/** Which text a document has: another run, or another page of it, and it is another text. */
type TextState = Pick<typeof documents.$inferSelect, 'jobId' | 'pagesDone' | 'status'>

const textState = {
  jobId: documents.jobId,
  pagesDone: documents.pagesDone,
  status: documents.status,
}
const outsideTrash = ({ tenantId, documentId }: DocumentRef) =>
  and(eq(documents.tenantId, tenantId), eq(documents.id, documentId), isNull(documents.trashedAt))

/** `null`: the document is gone or in the trash. */
export async function findTextState(db: Db, of: DocumentRef): Promise<TextState | null> {
  const [row] = await db.select(textState).from(documents).where(outsideTrash(of))
  return row ?? null
}

/** Pages of these documents, as far as they are known. */
export async function countPages(
  db: Db,
  tenantId: string,
  ids: readonly string[],
): Promise<number> {
  const [row] = await db
    .select({ pages: sql<number>`coalesce(sum(${documents.pageCount}), 0)::int` })
    .from(documents)
    .where(
      and(
        ...[eq(documents.tenantId, tenantId), isNull(documents.trashedAt)],
        sql`${documents.id} = ${anyOf(ids)}`,
      ),
    )
  return row?.pages ?? 0
}

/** The pages of a document one after the other, as much of each as is searched. */
export async function* readPages(db: Db, { tenantId, documentId }: DocumentRef) {
  for (let after = 0; ; ) {
    const pages = await db
      .select({
        number: documentPages.number,
        text: sql<string>`left(${documentPages.text}, ${textCharsMax}::int)`,
        words: documentPages.words,
      })
      .from(documentPages)
      .where(
        and(
          eq(documentPages.tenantId, tenantId),
          eq(documentPages.documentId, documentId),
          gt(documentPages.number, after),
        ),
      )
      .orderBy(asc(documentPages.number))
      .limit(pagesAtOnce)
    yield* pages
    const last = pages.at(-1)
    if (!last || pages.length < pagesAtOnce) return
    after = last.number
  }
}

/** Places that are linked to the document, or upon whose suggestion somebody has decided. */
export async function listSettled(
  db: Db,
  { tenantId, documentId }: DocumentRef,
): Promise<ReadonlySet<string>> {
  const rows = await db.execute<{ id: string }>(sql`
    select place_id as id from ${placeDocuments}
    where tenant_id = ${tenantId} and document_id = ${documentId}
    union select place_id from ${placeSuggestions}
    where tenant_id = ${tenantId} and document_id = ${documentId} and state <> 'open'`)
  return new Set([...rows].map(({ id }) => id))
}

type Suggested = {
  of: DocumentRef
  scope: GazetteerScope
  read: TextState
  mentioned: readonly MentionedPlace[]
  at: Date
}

/**
 * Makes the open suggestions of a document those that its text gives: new ones come, old ones follow, those that are not
 * mentioned any more go. What was decided stays as it is.
 * @returns how many are open now; `gone`: the document is, or lies in the trash; `changed`: it has another text by now
 */
export async function storeSuggestions(
  tx: Tx,
  { of, scope, read, mentioned, at }: Suggested,
): Promise<number | 'gone' | 'changed'> {
  // Of two jobs, and of a job and people who decide, one comes after the other.
  const [now] = await tx
    .select(textState)
    .from(documents)
    .where(outsideTrash(of))
    .for('no key update')
  if (!now) return 'gone'
  const isSame =
    now.jobId === read.jobId && now.pagesDone === read.pagesDone && now.status === read.status
  if (!isSame) return 'changed'
  const open = await suggestible(tx, of, mentioned)
  await removeUnmentioned(tx, { of, scope, placeIds: open.map(({ placeId }) => placeId) })
  await writeSuggestions(tx, of, { mentioned: open, at })
  return open.length
}

/** Those places that are there, held, and not linked. */
async function suggestible(
  tx: Tx,
  { tenantId, documentId }: DocumentRef,
  mentioned: readonly MentionedPlace[],
): Promise<MentionedPlace[]> {
  const ids = mentioned.map(({ placeId }) => placeId)
  const held = await tx
    .select({ id: places.id })
    .from(places)
    .where(and(eq(places.tenantId, tenantId), sql`${places.id} = ${anyOf(ids)}`))
    .orderBy(asc(places.id))
    .for('key share')
  const linked = await tx
    .select({ id: placeDocuments.placeId })
    .from(placeDocuments)
    .where(and(eq(placeDocuments.tenantId, tenantId), eq(placeDocuments.documentId, documentId)))
  const isThere = new Set(held.map(({ id }) => id)).difference(new Set(linked.map(({ id }) => id)))
  return mentioned.filter(({ placeId }) => isThere.has(placeId))
}

type Removal = { of: DocumentRef; scope: GazetteerScope; placeIds: readonly string[] }

const removeUnmentioned = (tx: Tx, { of, scope: { collection }, placeIds }: Removal) =>
  tx.execute(sql`
    delete from ${placeSuggestions} s
    where s.tenant_id = ${of.tenantId} and s.document_id = ${of.documentId} and s.state = 'open'
      and s.place_id <> all(${textArray(placeIds)}::uuid[])
      ${
        collection === null
          ? sql``
          : sql`and exists (select from ${places} p where p.tenant_id = s.tenant_id
              and p.id = s.place_id and p.collection = ${collection})`
      }`)

async function writeSuggestions(
  tx: Tx,
  { tenantId, documentId }: DocumentRef,
  { mentioned, at }: { mentioned: readonly MentionedPlace[]; at: Date },
): Promise<void> {
  if (mentioned.length === 0) return
  const rows = mentioned.map(({ placeId, mentionCount, alternativePlaceIds, ...told }) => ({
    ...{ id: uuidv7(), place_id: placeId, mention_count: mentionCount, ...told },
    alternative_place_ids: alternativePlaceIds,
  }))
  const written = at.toISOString()
  await tx.execute(sql`
    insert into ${placeSuggestions} (tenant_id, document_id, id, place_id, mention_count, mentions, pages,
      alternative_place_ids, created_at, updated_at)
    select ${tenantId}, ${documentId}, r.*, ${written}::timestamptz, ${written}::timestamptz
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(id uuid, place_id uuid, mention_count integer,
      mentions jsonb, pages jsonb, alternative_place_ids jsonb)
    on conflict (tenant_id, document_id, place_id) do update set mention_count = excluded.mention_count,
      mentions = excluded.mentions, pages = excluded.pages,
      alternative_place_ids = excluded.alternative_place_ids,
      updated_at = excluded.updated_at, version = place_suggestions.version + 1
    where place_suggestions.state = 'open'
      and (place_suggestions.mention_count, place_suggestions.mentions, place_suggestions.pages,
        place_suggestions.alternative_place_ids) is distinct from
        (excluded.mention_count, excluded.mentions, excluded.pages, excluded.alternative_place_ids)`)
}
