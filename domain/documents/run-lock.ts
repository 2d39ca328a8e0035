import { and, eq, sql } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { documents } from '../../db/schema/documents.ts'
import { jobs } from '../../db/schema/jobs.ts'
import { holdParts } from '../jobs/parts.ts'

/**
 * Locks the current job of a document and its parts, as far as they have not ended. Whoever changes a document and its
 * run does this first: an attempt locks its job before it writes to the document, and the other order would let the two
 * wait for each other.
 * One at a time for each document: the job that was read must still be the document's when it is locked, or the next
 * lock would be taken in the other order after all.
 * @returns the document's job and bytes; `null` when there is no such document
 */
export async function lockRunOfDocument(tx: Tx, tenantId: string, documentId: string) {
  const name = `document:${tenantId}:${documentId}`
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`)
  // A statement of its own: its snapshot must be younger than the lock.
  const [row] = await tx
    .select({ jobId: documents.jobId, sha256: documents.sha256 })
    .from(documents)
    .where(and(eq(documents.tenantId, tenantId), eq(documents.id, documentId)))
  if (!row) return null
  const [job] = await tx
    .select({ id: jobs.id, dependenciesOpen: jobs.dependenciesOpen })
    .from(jobs)
    .where(and(eq(jobs.tenantId, tenantId), eq(jobs.id, row.jobId)))
    .for('update')
  if (job && job.dependenciesOpen > 0) await holdParts(tx, { tenantId, id: job.id })
  return row
}
