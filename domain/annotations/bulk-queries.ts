import { sql } from 'drizzle-orm'
import type { Db, Tx } from '../../db/client.ts'
import { tellWebhooks } from '../../db/webhook-events.ts'

const listed = (ids: readonly string[]): string => `{${ids.join(',')}}`

/** Pages of documents outside the trash, `null` where they are not counted yet. */
export async function findPageCounts(
  db: Db | Tx,
  tenantId: string,
  ids: readonly string[],
): Promise<Map<string, number | null>> {
  const rows = await db.execute<{ id: string; pageCount: number | null }>(sql`
    select id, page_count as "pageCount" from documents
    where tenant_id = ${tenantId} and id = any(${listed(ids)}::uuid[]) and trashed_at is null`)
  return new Map([...rows].map(({ id, pageCount }) => [id, pageCount]))
}

export type Place = { documentId: string; page: number; isDeleted?: boolean }

/** Where annotations lie that are there, deleted or not. */
export async function findPlaces(
  db: Db | Tx,
  tenantId: string,
  ids: readonly string[],
): Promise<Map<string, Place>> {
  const rows = await db.execute<Place & { id: string }>(sql`
    select id, document_id as "documentId", page, deleted_at is not null as "isDeleted" from annotations
    where tenant_id = ${tenantId} and id = any(${listed(ids)}::uuid[])`)
  return new Map([...rows].map(({ id, ...place }) => [id, place]))
}

/** Tells webhooks how many annotations came to each document; one statement. */
export async function tellOfImport(
  tx: Tx,
  tenantId: string,
  counts: ReadonlyMap<string, number>,
): Promise<void> {
  const changes = JSON.stringify([...counts].map(([id, count]) => ({ id, count })))
  await tx.execute(sql`with ${tellWebhooks(sql`select ${tenantId}::uuid as tenant_id,
      'annotations.imported' as type, r.id as subject_id, jsonb_build_object('count', r.count) as data
      from jsonb_to_recordset(${changes}::jsonb) as r(id uuid, count int)`)}
    select 1`)
}
