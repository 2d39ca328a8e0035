import { and, asc, desc, eq, isNull, lt, type SQL, sql } from 'drizzle-orm'
import type { Db, Tx } from '../../db/client.ts'
import { annotations, annotationVersions, documentPages, documents } from '../../db/schema/index.ts'
import type { AnnotationRow } from '../../domain/annotations/representation.ts'

export type VersionRow = typeof annotationVersions.$inferSelect
/** Columns that a change may set. */
export type AnnotationPatch = Partial<typeof annotations.$inferInsert>

const owned = (tenantId: string, id: string): SQL | undefined =>
  and(eq(annotations.tenantId, tenantId), eq(annotations.id, id))

/** Pages of a document outside the trash, as far as they are known; held, so that it cannot go before its annotation is there. */
export async function holdDocument(
  tx: Tx,
  tenantId: string,
  id: string,
): Promise<{ pageCount: number | null } | null> {
  const [row] = await tx
    .select({ pageCount: documents.pageCount })
    .from(documents)
    .where(and(eq(documents.tenantId, tenantId), eq(documents.id, id), isNull(documents.trashedAt)))
    .for('key share')
  return row ?? null
}

/** The row, deleted or not, held until the transaction ends: of several who change it, one comes after the other. */
export async function holdAnnotation(
  tx: Tx,
  tenantId: string,
  id: string,
): Promise<AnnotationRow | null> {
  const [row] = await tx.select().from(annotations).where(owned(tenantId, id)).for('update')
  return row ?? null
}

/** Changes a held row: its version grows by one. */
export async function saveAnnotation(
  tx: Tx,
  { tenantId, id }: AnnotationRow,
  patch: AnnotationPatch,
): Promise<AnnotationRow> {
  const [row] = await tx
    .update(annotations)
    .set({ ...patch, version: sql`${annotations.version} + 1` })
    .where(owned(tenantId, id))
    .returning()
  if (!row) throw new Error('a held annotation is gone')
  return row
}

export async function findVersion(
  db: Db | Tx,
  { tenantId, id, version }: { tenantId: string; id: string; version: number },
): Promise<VersionRow | null> {
  const [row] = await db
    .select()
    .from(annotationVersions)
    .where(
      and(
        eq(annotationVersions.tenantId, tenantId),
        eq(annotationVersions.annotationId, id),
        eq(annotationVersions.version, version),
      ),
    )
  return row ?? null
}

/** Newest first. */
export const listVersionRows = (
  db: Db,
  filter: { tenantId: string; id: string; before: number | null; limit: number },
): Promise<VersionRow[]> =>
  db
    .select()
    .from(annotationVersions)
    .where(
      and(
        eq(annotationVersions.tenantId, filter.tenantId),
        eq(annotationVersions.annotationId, filter.id),
        filter.before === null ? undefined : lt(annotationVersions.version, filter.before),
      ),
    )
    .orderBy(desc(annotationVersions.version))
    .limit(filter.limit)

/** What a list is narrowed to; what is left out narrows nothing. */
export type Narrowing = {
  page?: number | undefined
  labelName?: string | undefined
  validation?: string | undefined
  source?: string | undefined
  confidenceMin?: number | undefined
  confidenceMax?: number | undefined
  createdBy?: string | undefined
  updatedSince?: string | undefined
  includesDeleted: boolean
}

type Filter = {
  tenantId: string
  documentId: string
  narrowing: Narrowing
  after: readonly [page: number, id: string] | null
  limit: number
}

/** Of one document, by page and then in the order in which they were made. */
export const listAnnotationRows = (db: Db, filter: Filter): Promise<AnnotationRow[]> =>
  db
    .select()
    .from(annotations)
    .where(
      and(
        eq(annotations.tenantId, filter.tenantId),
        eq(annotations.documentId, filter.documentId),
        filter.narrowing.page === undefined
          ? undefined
          : eq(annotations.page, filter.narrowing.page),
        filter.after === null ? undefined : behind(filter.after),
        filter.narrowing.includesDeleted ? undefined : isNull(annotations.deletedAt),
        narrowedTo(filter.narrowing),
      ),
    )
    .orderBy(asc(annotations.page), asc(annotations.id))
    .limit(filter.limit)

/** One text for all of them, or none: with a text for each choice there would be hundreds to prepare. */
function narrowedTo({ page: _, includesDeleted: __, ...rest }: Narrowing): SQL | undefined {
  if (Object.values(rest).every((value) => value === undefined)) return undefined
  const unless = (value: string | number | undefined, test: (given: SQL) => SQL, type: string) => {
    const given = sql`${value ?? null}::${sql.raw(type)}`
    return sql`(${given} is null or ${test(given)})`
  }
  return and(
    unless(rest.labelName, (given) => sql`${annotations.labelName} = ${given}`, 'text'),
    unless(rest.validation, (given) => sql`${annotations.validation} = ${given}`, 'text'),
    unless(rest.source, (given) => sql`${annotations.source} = ${given}`, 'text'),
    unless(rest.confidenceMin, (given) => sql`${annotations.confidence} >= ${given}`, 'float8'),
    unless(rest.confidenceMax, (given) => sql`${annotations.confidence} <= ${given}`, 'float8'),
    unless(rest.createdBy, (given) => sql`${annotations.createdByUserId} = ${given}`, 'uuid'),
    unless(rest.updatedSince, (given) => sql`${annotations.updatedAt} >= ${given}`, 'timestamptz'),
  )
}

const behind = ([page, id]: readonly [number, string]): SQL =>
  sql`(${annotations.page}, ${annotations.id}) > (${page}, ${id})`

/** A region that is not deleted, and what is known of its page: `null` where that has not been read. */
export async function findRegion(db: Db, tenantId: string, id: string) {
  const ofPage = and(
    eq(documentPages.tenantId, annotations.tenantId),
    eq(documentPages.documentId, annotations.documentId),
    eq(documentPages.number, annotations.page),
  )
  const [row] = await db
    .select({
      region: annotations,
      page: {
        ...{ text: documentPages.text, words: documentPages.words },
        ...{ widthPoints: documentPages.widthPoints, heightPoints: documentPages.heightPoints },
      },
    })
    .from(annotations)
    .leftJoin(documentPages, ofPage)
    .where(and(owned(tenantId, id), isNull(annotations.deletedAt)))
  return row ?? null
}

/** @param isShown deleted ones do not count */
export const isThere = async (
  db: Db,
  tenantId: string,
  id: string,
  { isShown = false } = {},
): Promise<boolean> => {
  const shown = isShown ? isNull(annotations.deletedAt) : undefined
  return (await db.$count(annotations, and(owned(tenantId, id), shown))) > 0
}
