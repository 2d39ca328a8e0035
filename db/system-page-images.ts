import { sql } from 'drizzle-orm'
import type { Db } from './client.ts'

/** One picture of a page that is kept, as far as dropping it needs. */
export type KeptPageImage = {
  tenantId: string
  documentId: string
  number: number
  widthPixels: number
  /** `null`: it was never drawn. */
  storageKey: string | null
  bytes: number
}

/** How many bytes all pictures of pages take. */
export async function sumPageImageBytes(db: Db): Promise<number> {
  const [row] = await db.execute<{ bytes: string }>(sql`
    /* system: sum-page-image-bytes */
    select coalesce(sum(bytes), 0)::text as bytes from page_images`)
  return Number(row?.bytes ?? 0)
}

/**
 * Pictures of pages, those that were used longest ago first.
 * @param usedBefore `null`: all of them
 * @returns `limit` at most
 */
export async function listLeastUsedPageImages(
  db: Db,
  { usedBefore, limit }: { usedBefore: Date | null; limit: number },
): Promise<KeptPageImage[]> {
  return db.execute<KeptPageImage>(sql`
    /* system: list-least-used-page-images */
    select tenant_id as "tenantId", document_id as "documentId", number,
      width_pixels as "widthPixels", storage_key as "storageKey", coalesce(bytes, 0) as bytes
    from page_images
    where used_at < coalesce(${usedBefore?.toISOString() ?? null}::timestamptz, 'infinity')
    order by used_at limit ${limit}`)
}
