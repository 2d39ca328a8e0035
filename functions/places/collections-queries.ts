import { sql } from 'drizzle-orm'
import type { Db, Tx } from '../../db/client.ts'

type ListCollections = { tenantId: string; after: string | null; limit: number }
export type CollectionRow = { name: string; count: number; updated_at: string }

/** By name. Of a page only the places of its collections are read, to count them. */
export const listCollectionRows = (db: Db, { tenantId, after, limit }: ListCollections) =>
  db.transaction(async (tx) => {
    await planAnew(tx)
    return tx.execute<CollectionRow>(sql`
      select collection as name, count(*)::int as count, max(updated_at) as updated_at
      from places where tenant_id = ${tenantId}
        ${after === null ? sql`` : sql`and collection > ${after}`}
      group by collection order by collection limit ${limit}`)
  })

// A plan that was made on an empty table may read or sort all of a tenant's places.
const planAnew = (tx: Tx) => tx.execute(sql`set local plan_cache_mode = force_custom_plan`)

type Collection = { tenantId: string; collection: string }

/** The latest of its places; `null`: there is no such collection. */
export const findLast = (db: Db, { tenantId, collection }: Collection): Promise<string | null> =>
  db.transaction(async (tx) => {
    await planAnew(tx)
    const [row] = await tx.execute<{ id: string }>(sql`
      select id from places where tenant_id = ${tenantId} and collection = ${collection}
      order by id desc limit 1`)
    return row?.id ?? null
  })

/**
 * Deletes the oldest of them. Who does the same at the same time takes them in the same order and waits.
 * @param last none that is later
 * @returns how many went; 0: there are no more
 */
export async function deleteSome(
  tx: Tx,
  { tenantId, collection, last, limit }: Collection & { last: string; limit: number },
): Promise<number> {
  await planAnew(tx)
  const [row] = await tx.execute<{ count: number }>(sql`
    with first as materialized (
      select id from places where tenant_id = ${tenantId} and collection = ${collection} and id <= ${last}
      order by id limit ${limit} for update),
    gone as (
      delete from places where tenant_id = ${tenantId} and id in (select id from first) returning 1)
    select count(*)::int as count from gone`)
  return row?.count ?? 0
}
