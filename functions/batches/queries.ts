import { and, asc, desc, eq, gt, isNull, lt, sql } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import type { Db, Tx } from '../../db/client.ts'
import { batches, batchItems } from '../../db/schema/batches.ts'
import { documents, templates } from '../../db/schema/index.ts'

export type BatchRow = typeof batches.$inferSelect
export type BatchItemRow = typeof batchItems.$inferSelect

type NewBatch = Pick<
  BatchRow,
  'tenantId' | 'userId' | 'name' | 'operation' | 'parameters' | 'requestId'
> & { at: Date }

/** A batch with its items, in the order of the documents; nothing is started. */
export async function insertBatch(
  tx: Tx,
  { at, ...batch }: NewBatch,
  documentIds: readonly string[],
): Promise<BatchRow> {
  const total = documentIds.length
  const counts = { itemsTotal: total, itemsQueued: total, createdAt: at, updatedAt: at }
  const [row] = await tx
    .insert(batches)
    .values({ ...batch, id: uuidv7(), ...counts })
    .returning()
  if (!row) throw new Error('an insert returned no row')
  await tx.execute(sql`
    insert into batch_items (tenant_id, batch_id, position, document_id)
    select ${row.tenantId}::uuid, ${row.id}::uuid, d.place - 1, d.id
    from unnest(${`{${documentIds.join(',')}}`}::uuid[]) with ordinality d(id, place)`)
  return row
}

/** Which of these are documents of the tenant, outside the trash? */
export async function existingDocuments(
  tx: Tx,
  tenantId: string,
  ids: readonly string[],
): Promise<ReadonlySet<string>> {
  const rows = await tx
    .select({ id: documents.id })
    .from(documents)
    .where(
      and(
        eq(documents.tenantId, tenantId),
        sql`${documents.id} = any(${`{${ids.join(',')}}`}::uuid[])`,
        isNull(documents.trashedAt),
      ),
    )
  return new Set(rows.map(({ id }) => id))
}

type DocumentFilter = {
  [K in 'userId' | 'status' | 'kind']?: (typeof documents.$inferSelect)[K] | undefined
} & { language?: string | undefined }

/** Oldest first: ids are UUIDv7, so their order is that of the uploads. */
export async function filteredDocuments(
  tx: Tx,
  { tenantId, filter, limit }: { tenantId: string; filter: DocumentFilter; limit: number },
): Promise<string[]> {
  const { userId, status, kind, language } = filter
  const rows = await tx
    .select({ id: documents.id })
    .from(documents)
    .where(
      and(
        eq(documents.tenantId, tenantId),
        isNull(documents.trashedAt),
        userId === undefined ? undefined : eq(documents.userId, userId),
        status === undefined ? undefined : eq(documents.status, status),
        kind === undefined ? undefined : eq(documents.kind, kind),
        language === undefined ? undefined : eq(documents.language, language),
      ),
    )
    .orderBy(asc(documents.id))
    .limit(limit)
  return rows.map(({ id }) => id)
}

export async function templateExists(tx: Tx, tenantId: string, id: string): Promise<boolean> {
  const rows = await tx
    .select({ id: templates.id })
    .from(templates)
    .where(and(eq(templates.tenantId, tenantId), eq(templates.id, id)))
  return rows.length > 0
}

/** One batch inside a transaction. */
export async function findBatch(tx: Tx, tenantId: string, id: string): Promise<BatchRow | null> {
  const [row] = await tx
    .select()
    .from(batches)
    .where(and(eq(batches.tenantId, tenantId), eq(batches.id, id)))
  return row ?? null
}

export async function deleteBatchRow(tx: Tx, { tenantId, id }: BatchRow): Promise<void> {
  await tx.delete(batches).where(and(eq(batches.tenantId, tenantId), eq(batches.id, id)))
}

type ListBatches = {
  tenantId: string
  filter: { [K in 'status' | 'operation']?: BatchRow[K] | undefined }
  before: string | null
  limit: number
}

/** Newest first. */
export const listBatchRows = (
  db: Db,
  { tenantId, filter: { status, operation }, before, limit }: ListBatches,
): Promise<BatchRow[]> =>
  db
    .select()
    .from(batches)
    .where(
      and(
        eq(batches.tenantId, tenantId),
        status === undefined ? undefined : eq(batches.status, status),
        operation === undefined ? undefined : eq(batches.operation, operation),
        before === null ? undefined : lt(batches.id, before),
      ),
    )
    .orderBy(desc(batches.id))
    .limit(limit)

type ListItems = {
  tenantId: string
  batchId: string
  status?: BatchItemRow['status'] | undefined
  after: number // -1: from the first
  limit: number
}

/** In their order. */
export const listItemRows = (
  db: Db,
  { tenantId, batchId, status, after, limit }: ListItems,
): Promise<BatchItemRow[]> =>
  db
    .select()
    .from(batchItems)
    .where(
      and(
        eq(batchItems.tenantId, tenantId),
        eq(batchItems.batchId, batchId),
        status === undefined ? undefined : eq(batchItems.status, status),
        gt(batchItems.position, after),
      ),
    )
    .orderBy(asc(batchItems.position))
    .limit(limit)
