import { and, asc, eq, inArray, isNull, type SQL, sql } from 'drizzle-orm'
import type { Db } from '../../db/client.ts'
import { annotations, documents } from '../../db/schema/index.ts'
import type { Annotation } from './formats/model.ts'

type Documents = { tenantId: string; documentIds: readonly string[] }
export type ExportDocument = { id: string; filename: string }

/** Those of the documents that are there, in the order that was asked for. */
export async function findExportDocuments(
  db: Db,
  { tenantId, documentIds }: Documents,
): Promise<ExportDocument[]> {
  const rows = await db
    .select({ id: documents.id, filename: documents.filename })
    .from(documents)
    .where(and(eq(documents.tenantId, tenantId), inArray(documents.id, [...documentIds])))
  const byId = new Map(rows.map((row) => [row.id, row]))
  return [...new Set(documentIds)].flatMap((id) => byId.get(id) ?? [])
}

type PageSize = { number: number; widthPoints: number | null; heightPoints: number | null }

/** Pages of a document in order: those that have been read, and those that have annotations. */
export async function listPageSizes(
  db: Db,
  { tenantId, documentId }: { tenantId: string; documentId: string },
): Promise<PageSize[]> {
  const rows = await db.execute<PageSize>(sql`
    select number, max(p.width_points) as "widthPoints", max(p.height_points) as "heightPoints" from (
      select number, width_points, height_points from document_pages
      where tenant_id = ${tenantId} and document_id = ${documentId}
      union all
      select page, null, null from annotations
      where tenant_id = ${tenantId} and document_id = ${documentId} and deleted_at is null
    ) p group by number order by number`)
  return [...rows]
}

type AnnotationFilter = {
  tenantId: string
  documentId: string
  after: readonly [page: number, id: string] | null
  limit: number
}

/** Annotations of a document that are not deleted, by page and then in the order in which they were made. */
export const listExportRows = (
  db: Db,
  { tenantId, documentId, after, limit }: AnnotationFilter,
): Promise<ExportRow[]> =>
  db
    .select(exportColumns)
    .from(annotations)
    .where(
      and(
        eq(annotations.tenantId, tenantId),
        eq(annotations.documentId, documentId),
        after === null ? undefined : behind(after),
        isNull(annotations.deletedAt),
      ),
    )
    .orderBy(asc(annotations.page), asc(annotations.id))
    .limit(limit)

const behind = ([page, id]: readonly [number, string]): SQL =>
  sql`(${annotations.page}, ${annotations.id}) > (${page}, ${id})`

type ExportRow = Omit<Annotation, 'box'> & Record<'x' | 'y' | 'width' | 'height', number>

const exportColumns = {
  id: annotations.id,
  documentId: annotations.documentId,
  page: annotations.page,
  x: annotations.x,
  y: annotations.y,
  width: annotations.width,
  height: annotations.height,
  rotation: annotations.rotation,
  labelType: annotations.labelType,
  labelName: annotations.labelName,
  value: annotations.value,
  attributes: annotations.attributes,
  confidence: annotations.confidence,
  source: annotations.source,
  validation: annotations.validation,
}
