import { and, asc, count, eq, exists, gt, isNull, min, type SQL, sql } from 'drizzle-orm'
import type { Db } from '../../db/client.ts'
import { documents, documentTags } from '../../db/schema/index.ts'

/** A document's tags as a column, so that a list reads them in its one statement. */
export const tagsColumn = sql`(
  select coalesce(json_agg(t.name order by t.folded), '[]') from ${documentTags} t
  where t.tenant_id = ${documents.tenantId} and t.document_id = ${documents.id})`.mapWith(
  // Drizzle switches the driver's own JSON parser off for its connections.
  (value): string[] => (typeof value === 'string' ? JSON.parse(value) : value),
)

/** Has the document this tag, too? */
export const hasTag = (db: Db, tenantId: string, folded: string): SQL =>
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
