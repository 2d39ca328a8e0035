import { and, eq, type SQL } from 'drizzle-orm'
import type { Db } from '../../db/client.ts'
import { blobs, documents } from '../../db/schema/documents.ts'

/** What opening the file of a document needs. @param where names the tenant and the document */
export async function findSource(db: Db, where: SQL | undefined) {
  const [row] = await db
    .select({
      kind: documents.kind,
      passwordSealed: documents.passwordSealed,
      storageKey: blobs.storageKey,
    })
    .from(documents)
    .innerJoin(
      blobs,
      and(eq(blobs.tenantId, documents.tenantId), eq(blobs.sha256, documents.sha256)),
    )
    .where(where)
  return row ?? null
}
