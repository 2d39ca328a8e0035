import { sql } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import type { Tx } from '../../db/client.ts'
import { type AnnotationFormat, annotationImports } from '../../db/schema/annotation-imports.ts'
import { copyAnnotations, countNewAnnotations } from './bulk-copy.ts'
import { tellOfImport } from './bulk-queries.ts'
import type { ImportedSet, JsonObject } from './formats/model.ts'
import type { ImportPlan } from './import-plan.ts'
import { holdImports, removeUnneededImports } from './import-removal.ts'
import { restoreAnnotations } from './import-restoring.ts'
import type { Target } from './import-targets.ts'

// Each is encoded whole before it is sent, and has the deadline of a statement.
const rowsPerCopy = 5_000

export type ImportOrder = {
  tenantId: string
  userId: string
  at: Date
  format: AnnotationFormat
  set: ImportedSet
  targets: ReadonlyMap<string, Target>
  plan: ImportPlan
}

/**
 * Makes what was planned, and keeps what the file says of itself, its documents and pages for the way back. What an
 * earlier file of the format said of a document is replaced, of a page key by key.
 * @returns the id of the import
 */
export async function writeImport(tx: Tx, order: ImportOrder): Promise<string> {
  const { tenantId, userId, at, format, set, plan } = order
  const importId = uuidv7()
  const { attributes } = set
  await tx
    .insert(annotationImports)
    .values({ tenantId, id: importId, userId, format, attributes, createdAt: at })
  const documentIds = [...order.targets.values()].map(({ id }) => id)
  const earlier = await holdImports(tx, { tenantId, documentIds })
  await keepDocuments(tx, order, importId)
  await removeUnneededImports(tx, tenantId, earlier)
  await keepPages(tx, order)
  await restoreAnnotations(tx, { tenantId, userId, at }, plan.restored)
  for (let start = 0; start < plan.rows.length; start += rowsPerCopy) {
    const rows = plan.rows.slice(start, start + rowsPerCopy)
    await copyAnnotations(tx, { tenantId, userId, at }, rows)
    if (start === 0) await countNewAnnotations(tx, rows)
  }
  const brought = countByDocument([...plan.rows, ...plan.restored])
  if (brought.size > 0) await tellOfImport(tx, tenantId, brought)
  return importId
}

/** How many annotations are of each document. */
export function countByDocument(rows: readonly { documentId: string }[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { documentId } of rows) counts.set(documentId, (counts.get(documentId) ?? 0) + 1)
  return counts
}

async function keepDocuments(
  tx: Tx,
  { tenantId, format, set, targets }: ImportOrder,
  importId: string,
): Promise<void> {
  const rows = set.documents.flatMap(({ id, attributes }) => {
    const target = targets.get(id)
    return target ? [{ id: target.id, attributes }] : []
  })
  await tx.execute(sql`
    insert into annotated_documents (tenant_id, document_id, format, import_id, attributes)
    select ${tenantId}, r.id, ${format}, ${importId}, r.attributes
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(id uuid, attributes jsonb)
    order by r.id
    on conflict (tenant_id, document_id, format)
    do update set import_id = excluded.import_id, attributes = excluded.attributes`)
}

type KeptPage = { id: string; page: number; width: number; height: number; attributes: JsonObject }

async function keepPages(tx: Tx, { tenantId, set, targets }: ImportOrder): Promise<void> {
  const rows = set.documents.flatMap(({ id, pages }): KeptPage[] => {
    const target = targets.get(id)
    if (!target) return []
    return pages.map(({ number, ...page }) => ({ id: target.id, page: number, ...page }))
  })
  await tx.execute(sql`
    insert into annotated_pages (tenant_id, document_id, page, width, height, attributes)
    select ${tenantId}, r.id, r.page, r.width, r.height, r.attributes
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
      as r(id uuid, page int, width float8, height float8, attributes jsonb)
    order by r.id, r.page
    on conflict (tenant_id, document_id, page) do update
    set width = excluded.width, height = excluded.height,
      attributes = annotated_pages.attributes || excluded.attributes`)
}
