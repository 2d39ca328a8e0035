import {
  and,
  asc,
  type Column,
  desc,
  eq,
  gt,
  isNull,
  ne,
  not,
  or,
  type SQL,
  sql,
} from 'drizzle-orm'
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
import { isOneOf } from './id-lists.ts'

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

const candidate = { annotation: annotations, filename: documents.filename }
// The newest ones: nobody works on more at a time.
const ownLocksMax = 20

/** The item that this user has locked last; the first one that nobody has, with its row held, if there is none. */
export async function holdNext(
  tx: Tx,
  filter: QueueFilter,
  { userId, at, except }: Taker,
): Promise<Candidate | null> {
  const own = await listOwnLocks(tx, { tenantId: filter.tenantId, userId, at })
  for (const id of own.filter((held) => !except.includes(held))) {
    const found = await findWaiting(tx, filter, id)
    if (found) return found
  }
  const isFree = sql`not exists (select from ${annotationLocks} where ${lockAt(at)})`
  const isWanted = except.length === 0 ? undefined : not(isOneOf(annotations.id, except))
  const [free] = await tx
    .select(candidate)
    .from(annotations)
    .innerJoin(documents, ofDocument)
    .where(and(waiting(filter), isFree, isWanted))
    .orderBy(...order)
    .limit(1)
    .for('update', { of: annotations, skipLocked: true })
  return free ?? null
}

// As a range in order it is one entry of the primary key, also by a plan that was made when the table was empty and all
// indexes of a tenant looked alike.
const isExactly = (id: Column | string): SQL => sql`${annotations.id} between ${id} and ${id}`

async function findWaiting(tx: Tx, filter: QueueFilter, id: string): Promise<Candidate | null> {
  const [found] = await tx
    .select(candidate)
    .from(annotations)
    .innerJoin(documents, ofDocument)
    .where(and(waiting(filter), isExactly(id)))
    .orderBy(asc(annotations.id))
    .limit(1)
  return found ?? null
}

async function listOwnLocks(
  tx: Tx,
  { tenantId, userId, at }: { tenantId: string; userId: string; at: Date },
): Promise<string[]> {
  const rows = await tx
    .select({ id: annotationLocks.annotationId })
    .from(annotationLocks)
    .where(
      and(
        eq(annotationLocks.tenantId, tenantId),
        eq(annotationLocks.userId, userId),
        gt(annotationLocks.lockedUntil, at),
        // What was judged stays locked for a while.
        sql`(select ${annotations.validation} from ${annotations}
          where ${annotations.tenantId} = ${tenantId} and ${isExactly(annotationLocks.annotationId)}
          order by ${annotations.id} limit 1) = 'pending'`,
      ),
    )
    .orderBy(desc(annotationLocks.lockedUntil))
    .limit(ownLocksMax)
  return rows.map(({ id }) => id)
}
