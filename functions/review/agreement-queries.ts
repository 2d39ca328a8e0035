import { and, asc, eq, type SQL, sql } from 'drizzle-orm'
import type { Db, Tx } from '../../db/client.ts'
import { batches, batchItems, documents, reviewSeenPages } from '../../db/schema/index.ts'
import type { ReviewedAnnotation, SeenPage } from '../../domain/annotations/review-statements.ts'
import type { Box } from '../../domain/documents/words.ts'
import { isOneOf } from './id-lists.ts'

// A statement's rows are in memory at once.
const documentsAtOnce = 200

/** Those of the ids that are documents of the tenant. */
export async function findDocuments(
  db: Db | Tx,
  tenantId: string,
  ids: readonly string[],
): Promise<string[]> {
  const rows = await db
    .select({ id: documents.id })
    .from(documents)
    .where(and(eq(documents.tenantId, tenantId), isOneOf(documents.id, ids)))
    .orderBy(asc(documents.id))
  return rows.map(({ id }) => id)
}

/** The documents of a batch that are still there; `null`: there is no such batch. */
export async function findBatchDocuments(
  db: Db | Tx,
  tenantId: string,
  id: string,
): Promise<string[] | null> {
  const [batch] = await db
    .select({ id: batches.id })
    .from(batches)
    .where(and(eq(batches.tenantId, tenantId), eq(batches.id, id)))
  if (!batch) return null
  const rows = await db
    .select({ id: documents.id })
    .from(batchItems)
    .innerJoin(
      documents,
      and(eq(documents.tenantId, batchItems.tenantId), eq(documents.id, batchItems.documentId)),
    )
    .where(and(eq(batchItems.tenantId, tenantId), eq(batchItems.batchId, id)))
    .orderBy(asc(documents.id))
  return rows.map((row) => row.id)
}

type OfDocuments = { tenantId: string; documentIds: readonly string[] }

/** What {@link readReviewed} would read, counted up to `max`. */
export async function countReviewed(
  db: Db,
  { tenantId, documentIds }: OfDocuments,
  max: number,
): Promise<number> {
  const [row] = await db.execute<{ count: number }>(sql`
    select count(*)::int as count from (
      (select from annotations a
        where a.tenant_id = ${tenantId} and ${isOneOf(sql`a.document_id`, documentIds)} limit ${max})
      union all
      (select from suggestions s where s.tenant_id = ${tenantId}
        and ${isOneOf(sql`s.document_id`, documentIds)} and ${isRefused} limit ${max})
    ) counted`)
  return Math.min(row?.count ?? 0, max)
}

// A template proposes places; it does not say what stands there.
const isRefused = sql`s.state = 'dismissed' and s.source <> 'template'`

type Row = Pick<ReviewedAnnotation, 'documentId' | 'page' | 'validation' | 'isDeleted'> & {
  userId: string
  source: ReviewedAnnotation['maker']['source']
  validatedByUserId: string | null
  labelName: string
  saidLabelName: string
} & Record<'x' | 'y' | 'width' | 'height', number> &
  Record<'saidX' | 'saidY' | 'saidWidth' | 'saidHeight', number>

/**
 * Annotations of documents with what their makers said last, deleted ones too, and suggestions that somebody dismissed;
 * in parts.
 */
export async function* readReviewed(
  db: Db,
  { tenantId, documentIds }: OfDocuments,
): AsyncGenerator<ReviewedAnnotation[]> {
  for (let at = 0; at < documentIds.length; at += documentsAtOnce) {
    const of = { tenantId, documentIds: documentIds.slice(at, at + documentsAtOnce) }
    yield (await db.execute<Row>(annotationsOf(of))).map(reviewed)
    yield (await db.execute<Row>(dismissedOf(of))).map(reviewed)
  }
}

/**
 * One that was a suggestion is said by who suggested it. What an imported file calls valid was judged elsewhere, and not
 * by who imported it: its first version has no judge, unless it was accepted.
 */
const annotationsOf = ({ tenantId, documentIds }: OfDocuments): SQL => sql`
  select a.document_id as "documentId", a.page, a.x, a.y, a.width, a.height, a.label_name as "labelName",
    coalesce(s.created_by_user_id, a.created_by_user_id) as "userId", a.source, a.validation,
    case when a.version > 1 or s.id is not null then a.validated_by_user_id end as "validatedByUserId",
    a.deleted_at is not null as "isDeleted",
    coalesce(s.x, (own.content->'box'->>0)::float8, a.x) as "saidX",
    coalesce(s.y, (own.content->'box'->>1)::float8, a.y) as "saidY",
    coalesce(s.width, (own.content->'box'->>2)::float8, a.width) as "saidWidth",
    coalesce(s.height, (own.content->'box'->>3)::float8, a.height) as "saidHeight",
    coalesce(s.label_name, own.content->>'label_name', a.label_name) as "saidLabelName"
  from annotations a
  left join suggestions s
    on s.tenant_id = a.tenant_id and s.annotation_id = a.id and s.source <> 'template'
  left join lateral (
    select v.content from annotation_versions v
    where v.tenant_id = a.tenant_id and v.annotation_id = a.id and a.version > 1 and case a.source
      when 'human' then v.user_id = a.created_by_user_id else v.version = 1 end
    order by v.version desc limit 1
  ) own on true
  where a.tenant_id = ${tenantId} and ${isOneOf(sql`a.document_id`, documentIds)}
  order by a.document_id, a.page, a.id`

const dismissedOf = ({ tenantId, documentIds }: OfDocuments): SQL => sql`
  select s.document_id as "documentId", s.page, s.x, s.y, s.width, s.height, s.label_name as "labelName",
    s.created_by_user_id as "userId", s.source, 'invalid' as validation,
    s.decided_by_user_id as "validatedByUserId", false as "isDeleted", s.x as "saidX", s.y as "saidY",
    s.width as "saidWidth", s.height as "saidHeight", s.label_name as "saidLabelName"
  from suggestions s
  where s.tenant_id = ${tenantId} and ${isOneOf(sql`s.document_id`, documentIds)} and ${isRefused}
  order by s.document_id, s.page, s.id`

function reviewed(row: Row): ReviewedAnnotation {
  const { documentId, page, userId, source, validation, validatedByUserId, isDeleted } = row
  const now: Box = [row.x, row.y, row.width, row.height]
  const said: Box = [row.saidX, row.saidY, row.saidWidth, row.saidHeight]
  return {
    ...{ documentId, page, validation, validatedByUserId, isDeleted },
    maker: { userId, source },
    now: { box: now, labelName: row.labelName },
    said: { box: said, labelName: row.saidLabelName },
  }
}

/** What was marked as seen of these documents. */
export async function listSeenMarks(
  db: Db,
  { tenantId, documentIds }: OfDocuments,
): Promise<SeenPage[]> {
  const { documentId, page, userId, source } = reviewSeenPages
  const rows = await db
    .select({ documentId, page, userId, source })
    .from(reviewSeenPages)
    .where(and(eq(reviewSeenPages.tenantId, tenantId), isOneOf(documentId, documentIds)))
    .orderBy(asc(documentId), asc(page))
  return rows.map((row) => ({
    ...{ documentId: row.documentId, page: row.page },
    annotator: { userId: row.userId, source: row.source },
  }))
}
