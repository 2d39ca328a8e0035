import { and, eq } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { documentTags } from '../../db/schema/document-tags.ts'

export const tagCharactersMax = 100

/** What two tags share that differ in nothing but case. Expects text in NFC, and gives it. */
export const foldTag = (name: string): string => name.toLowerCase().normalize('NFC')

type SetTags = { tenantId: string; documentId: string; names: readonly string[] }

/**
 * Gives a document these tags and no others; of two that differ in case alone, the first. Expects its row locked.
 * @returns whether anything changed
 */
export async function setTags(tx: Tx, { tenantId, documentId, names }: SetTags): Promise<boolean> {
  const wanted = new Map(names.toReversed().map((name) => [foldTag(name), name]))
  const ofDocument = and(
    eq(documentTags.tenantId, tenantId),
    eq(documentTags.documentId, documentId),
  )
  const had = await tx
    .select({ folded: documentTags.folded, name: documentTags.name })
    .from(documentTags)
    .where(ofDocument)
  const isSame = had.every(({ folded, name }) => wanted.get(folded) === name)
  if (isSame && had.length === wanted.size) return false
  await tx.delete(documentTags).where(ofDocument)
  const rows = [...wanted].map(([folded, name]) => ({ tenantId, documentId, folded, name }))
  if (rows.length > 0) await tx.insert(documentTags).values(rows)
  return true
}
