import { and, asc, eq, isNull, type SQL, sql } from 'drizzle-orm'
import type { Db } from '../../db/client.ts'
import {
  annotatedDocuments,
  annotationImports,
  annotations,
  documents,
} from '../../db/schema/index.ts'
import type { AnnotatedPage, Annotation, JsonObject } from './formats/model.ts'

type Documents = { tenantId: string; documentIds: readonly string[] }
export type ExportDocument = { id: string; filename: string; pageCount: number | null }

// As one parameter: with one each, every number of documents would be a statement to prepare.
const listed = (ids: readonly string[]): SQL => sql`any(${`{${ids.join(',')}}`}::uuid[])`

/** Those of the documents that are there, in the order that was asked for. */
export async function findExportDocuments(
  db: Db,
  { tenantId, documentIds }: Documents,
): Promise<ExportDocument[]> {
  const rows = await db
    .select({ id: documents.id, filename: documents.filename, pageCount: documents.pageCount })
    .from(documents)
    .where(and(eq(documents.tenantId, tenantId), eq(documents.id, listed(documentIds))))
  const byId = new Map(rows.map((row) => [row.id, row]))
  return [...new Set(documentIds)].flatMap((id) => byId.get(id) ?? [])
}

type OfDocument = { tenantId: string; documentId: string }
type FoundPage = { number: number; widthPoints: number | null; heightPoints: number | null }
type KeptPage = { width: number | null; height: number | null; attributes: string | null }

/**
 * Pages of a document in order: those that have been read, that have annotations, or that an imported file had. A size
 * in the units of that file comes before the one in points; a file without sizes has pages of 1 x 1.
 */
export async function listExportPages(
  db: Db,
  { tenantId, documentId }: OfDocument,
): Promise<AnnotatedPage[]> {
  const rows = await db.execute<FoundPage & KeptPage>(sql`
    select p.number, max(p.width_points) as "widthPoints", max(p.height_points) as "heightPoints",
      max(p.width) as width, max(p.height) as height, max(p.attributes) as attributes
    from (
      select number, width_points, height_points, null::float8 as width, null::float8 as height, null as attributes
      from document_pages where tenant_id = ${tenantId} and document_id = ${documentId}
      union all
      select page, null, null, null, null, null
      from annotations where tenant_id = ${tenantId} and document_id = ${documentId} and deleted_at is null
      union all
      select page, null, null, width, height, attributes::text
      from annotated_pages where tenant_id = ${tenantId} and document_id = ${documentId}
    ) p group by p.number order by p.number`)
  return [...rows].map(({ number, widthPoints, heightPoints, width, height, attributes }) => {
    const isSized = width !== null && height !== null && !(width === 1 && height === 1)
    const points = { width: widthPoints ?? 1, height: heightPoints ?? 1 }
    const size = isSized ? { width, height } : points
    return { number, ...size, attributes: attributes === null ? {} : JSON.parse(attributes) }
  })
}

type KeptDocument = { id: string; importId: string; attributes: JsonObject }

/** What imported files say of a document, the latest file of each format; in the order of the imports. */
export const listKeptDocuments = (
  db: Db,
  { tenantId, documentIds }: Documents,
): Promise<KeptDocument[]> =>
  db
    .select({
      id: annotatedDocuments.documentId,
      importId: annotatedDocuments.importId,
      attributes: annotatedDocuments.attributes,
    })
    .from(annotatedDocuments)
    .where(
      and(
        eq(annotatedDocuments.tenantId, tenantId),
        eq(annotatedDocuments.documentId, listed(documentIds)),
      ),
    )
    .orderBy(asc(annotatedDocuments.importId))

/** What imported files say of themselves, in the order of the ids. Megabytes each: not to be read for every document. */
export async function findFileAttributes(
  db: Db,
  { tenantId, importIds }: { tenantId: string; importIds: readonly string[] },
): Promise<JsonObject[]> {
  const rows = await db
    .select({ id: annotationImports.id, attributes: annotationImports.attributes })
    .from(annotationImports)
    .where(
      and(eq(annotationImports.tenantId, tenantId), eq(annotationImports.id, listed(importIds))),
    )
  const byId = new Map(rows.map(({ id, attributes }) => [id, attributes]))
  return importIds.flatMap((id) => {
    const attributes = byId.get(id)
    return attributes ? [attributes] : []
  })
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
