import { and, asc, count, eq, exists, gt, isNull, min, type SQL, sql } from 'drizzle-orm'
import type { Db, Tx } from '../../db/client.ts'
import { documents, documentTags } from '../../db/schema/index.ts'

/** Has the document this tag, too? */
export const hasTag = (db: Db | Tx, tenantId: string, folded: string): SQL =>
  exists(
    db
      .select({ one: sql`1` })
      .from(documentTags)
      .where(
        and(
          eq(documentTags.tenantId, tenantId),
          eq(documentTags.documentId, documents.id),
          eq(documentTags.folded, folded),
        ),
      ),
  )

type CountTags = { tenantId: string; after: string | null; limit: number }

/** In the order of the alphabet, with the number of documents outside of the trash. */
export const countTags = (db: Db, { tenantId, after, limit }: CountTags) =>
  db
    .select({
      folded: documentTags.folded,
      name: sql<string>`${min(documentTags.name)}`,
      count: count(),
    })
    .from(documentTags)
    .innerJoin(
      documents,
      and(
        eq(documents.tenantId, documentTags.tenantId),
        eq(documents.id, documentTags.documentId),
        isNull(documents.trashedAt),
      ),
    )
    .where(
      and(
        eq(documentTags.tenantId, tenantId),
        after === null ? undefined : gt(documentTags.folded, after),
      ),
    )
    .groupBy(documentTags.folded)
    .orderBy(asc(documentTags.folded))
    .limit(limit)
