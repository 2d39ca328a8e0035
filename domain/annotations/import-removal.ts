import { sql } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'

type Imports = { tenantId: string; documentIds: readonly string[] }

const listed = (ids: readonly string[]): string => `{${ids.join(',')}}`

/**
 * Holds the imports that say something of these documents, before anything of that is changed: of two who take the last
 * of it away, one sees what the other did.
 * @returns their ids, for {@link removeUnneededImports}
 */
export async function holdImports(tx: Tx, { tenantId, documentIds }: Imports): Promise<string[]> {
  const rows = await tx.execute<{ id: string }>(sql`
    select i.id from annotation_imports i
    where i.tenant_id = ${tenantId} and i.id in (select d.import_id from annotated_documents d
      where d.tenant_id = ${tenantId} and d.document_id = any(${listed(documentIds)}::uuid[]))
    order by i.id for update`)
  return [...rows].map(({ id }) => id)
}

/** What a file says of itself goes with the last document that it was brought to. */
export async function removeUnneededImports(
  tx: Tx,
  tenantId: string,
  ids: readonly string[],
): Promise<void> {
  if (ids.length === 0) return
  await tx.execute(sql`
    delete from annotation_imports i
    where i.tenant_id = ${tenantId} and i.id = any(${listed(ids)}::uuid[]) and not exists (
      select from annotated_documents d where d.tenant_id = ${tenantId} and d.import_id = i.id)`)
}
