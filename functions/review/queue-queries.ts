import { and, asc, eq, gt, isNull, ne, notInArray, or, type SQL, sql } from 'drizzle-orm'
import type { Db, Tx } from '../../db/client.ts'
import {
  type AnnotationSource,
  annotationLocks,
  annotations,
  batchItems,
  documents,
  reviewRank,
} from '../../db/schema/index.ts'
import type { AnnotationRow } from '../../domain/annotations/representation.ts'

export type QueueFilter = {
  tenantId: string
  documentId: string | undefined
  batchId: string | undefined
  labelName: string | undefined
  source: AnnotationSource | undefined
  confidenceMax: number | undefined
  notByUserId: string | null
}

export type QueueRow = {
  annotation: AnnotationRow
  filename: string
  lock: { userId: string; lockedUntil: Date } | null
}

const rank = reviewRank(annotations.confidence)
const order = [asc(rank), asc(annotations.id)]

/** Where an item stands in the queue. */
export const positionOf = ({ annotation: { confidence, id } }: QueueRow) => [confidence ?? 2, id]

// Words of the partial index stand as they are: a plan for all values could not use it otherwise.
const waiting = (filter: QueueFilter): SQL | undefined =>
  and(
    eq(annotations.tenantId, filter.tenantId),
    sql`${annotations.validation} = 'pending'`,
    isNull(annotations.deletedAt),
    filter.documentId === undefined ? undefined : eq(annotations.documentId, filter.documentId),
    filter.batchId === undefined ? undefined : ofBatch(filter.tenantId, filter.batchId),
    filter.labelName === undefined ? undefined : eq(annotations.labelName, filter.labelName),
    filter.source === undefined ? undefined : eq(annotations.source, filter.source),
    filter.confidenceMax === undefined ? undefined : sql`${rank} <= ${filter.confidenceMax}`,
    filter.notByUserId === null
      ? undefined
      : or(ne(annotations.createdByUserId, filter.notByUserId), ne(annotations.source, 'human')),
  )

const ofBatch = (tenantId: string, batchId: string): SQL => sql`exists (
  select from ${batchItems} where ${batchItems.tenantId} = ${tenantId} and ${batchItems.batchId} = ${batchId}
    and ${batchItems.documentId} = ${annotations.documentId})`

const ofDocument = and(
  eq(documents.tenantId, annotations.tenantId),
  eq(documents.id, annotations.documentId),
  isNull(documents.trashedAt),
)

const lockAt = (at: Date): SQL | undefined =>
  and(
    eq(annotationLocks.tenantId, annotations.tenantId),
    eq(annotationLocks.annotationId, annotations.id),
    gt(annotationLocks.lockedUntil, at),
  )

type Page = { after: readonly [rank: number, id: string] | null; at: Date; limit: number }

export const listQueueRows = (
  db: Db,
  filter: QueueFilter,
  { after, at, limit }: Page,
): Promise<QueueRow[]> =>
  db
    .select({
      annotation: annotations,
      filename: documents.filename,
      lock: { userId: annotationLocks.userId, lockedUntil: annotationLocks.lockedUntil },
    })
    .from(annotations)
    .innerJoin(documents, ofDocument)
    .leftJoin(annotationLocks, lockAt(at))
    .where(
      and(
        waiting(filter),
        after === null
          ? undefined
          : sql`(${rank}, ${annotations.id}) > (${after[0]}::float8, ${after[1]}::uuid)`,
      ),
    )
    .orderBy(...order)
    .limit(limit)

type Taker = { userId: string; at: Date; except: readonly string[] }
export type Candidate = { annotation: AnnotationRow; filename: string }

/** The first item whose lock this user has, held; the first one that nobody has if there is none. */
export async function holdNext(
  tx: Tx,
  filter: QueueFilter,
  { userId, at, except }: Taker,
): Promise<Candidate | null> {
  const wanted = except.length === 0 ? undefined : notInArray(annotations.id, [...except])
  const columns = { annotation: annotations, filename: documents.filename }
  const hold = { of: annotations, skipLocked: true } as const
  const [own] = await tx
    .select(columns)
    .from(annotations)
    .innerJoin(documents, ofDocument)
    .innerJoin(annotationLocks, and(lockAt(at), eq(annotationLocks.userId, userId)))
    .where(and(waiting(filter), wanted, eq(annotationLocks.tenantId, filter.tenantId)))
    .orderBy(...order)
    .limit(1)
    .for('update', hold)
  if (own) return own
  const [free] = await tx
    .select(columns)
    .from(annotations)
    .innerJoin(documents, ofDocument)
    .leftJoin(annotationLocks, lockAt(at))
    .where(and(waiting(filter), wanted, isNull(annotationLocks.userId)))
    .orderBy(...order)
    .limit(1)
    .for('update', hold)
  return free ?? null
}
