import { and, eq } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { documentTags } from '../../db/schema/document-tags.ts'

export const tagCharactersMax = 100

/** What two tags share that differ in nothing but case. Expects text in NFC, and gives it. */
export const foldTag = (name: string): string => name.toLowerCase().normalize('NFC')

type SetTags = { tenantId: string; documentId: string; names: readonly string[] }

/**
 * Writes the rows by which a document is found by its tags: these and no others; of two that differ in case alone, the
 * first. Expects its row locked; that row shows the names, so that whoever reads documents reads no other table.
 * @returns the names to show there, in the order of the alphabet; `null`: nothing has changed
 */
export async function setTags(
  tx: Tx,
  { tenantId, documentId, names }: SetTags,
): Promise<string[] | null> {
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
  if (isSame && had.length === wanted.size) return null
  await tx.delete(documentTags).where(ofDocument)
  const rows = [...wanted].map(([folded, name]) => ({ tenantId, documentId, folded, name }))
  if (rows.length > 0) await tx.insert(documentTags).values(rows)
  return rows.toSorted(byFolded).map(({ name }) => name)
}

// As the database sorts, so that a document's tags and the list of all tags are in one order.
const byFolded = (a: { folded: string }, b: { folded: string }): number =>
  a.folded.localeCompare(b.folded, 'und')
