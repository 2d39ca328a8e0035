import { and, asc, eq, type SQL, sql } from 'drizzle-orm'
import type { Db, Tx } from '../../db/client.ts'
import { documents, suggestions, templateApplications, templates } from '../../db/schema/index.ts'

export const isDocument = async (db: Db, tenantId: string, id: string): Promise<boolean> =>
  (await db.$count(documents, and(eq(documents.tenantId, tenantId), eq(documents.id, id)))) > 0

type Filter = {
  tenantId: string
  documentId: string | undefined
  templateId: string | undefined
  after: readonly [documentId: string, templateId: string] | null
  limit: number
}

/** By document, then by template; with what the template is now. */
export const listApplicationRows = (db: Db, filter: Filter) =>
  db
    .select({
      application: templateApplications,
      template: { name: templates.name, version: templates.version },
    })
    .from(templateApplications)
    .innerJoin(
      templates,
      and(
        eq(templates.tenantId, templateApplications.tenantId),
        eq(templates.id, templateApplications.templateId),
      ),
    )
    .where(
      and(
        eq(templateApplications.tenantId, filter.tenantId),
        filter.documentId ? eq(templateApplications.documentId, filter.documentId) : undefined,
        filter.templateId ? eq(templateApplications.templateId, filter.templateId) : undefined,
        filter.after === null ? undefined : behind(filter.after),
      ),
    )
    .orderBy(asc(templateApplications.documentId), asc(templateApplications.templateId))
    .limit(filter.limit)

export type ApplicationRow = Awaited<ReturnType<typeof listApplicationRows>>[number]

const behind = ([documentId, templateId]: readonly [string, string]): SQL =>
  sql`(${templateApplications.documentId}, ${templateApplications.templateId}) > (${documentId}, ${templateId})`

type Of = { tenantId: string; templateId: string; documentId?: string }

/**
 * Takes a template from one document, or from all: with what it suggested there and nobody has decided.
 * @returns from how many documents
 */
export async function deleteApplications(
  tx: Tx,
  { tenantId, templateId, documentId }: Of,
): Promise<number> {
  const ofDocument = documentId ? eq(templateApplications.documentId, documentId) : undefined
  const gone = await tx
    .delete(templateApplications)
    .where(
      and(
        eq(templateApplications.tenantId, tenantId),
        eq(templateApplications.templateId, templateId),
        ofDocument,
      ),
    )
    .returning({ documentId: templateApplications.documentId })
  const ids = gone.map((row) => row.documentId)
  if (ids.length === 0) return 0
  await tx
    .delete(suggestions)
    .where(
      and(
        eq(suggestions.tenantId, tenantId),
        sql`${suggestions.documentId} = any(${`{${ids.join(',')}}`}::uuid[])`,
        eq(suggestions.state, 'open'),
        eq(suggestions.templateId, templateId),
      ),
    )
  return ids.length
}
