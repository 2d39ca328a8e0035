import type { ReadById } from '../../db/batch.ts'
import { type Call, identityOf } from '../_shared/http/call.ts'
import { AppError } from '../_shared/http/problems.ts'
import type { DocumentRow } from './queries.ts'

export const missing = (): AppError => new AppError('not_found', 'There is nothing here.')

/** A key with the role `ingest` sees what its own user uploaded; every other reader the whole tenant. */
export function maySee(c: Call, row: { userId: string }): boolean {
  const { role, userId } = identityOf(c.identity)
  return role !== 'ingest' || row.userId === userId
}

/** Reads one document as the caller may see it. @throws {AppError} `not_found` */
export type ReadVisible = (c: Call, id: string) => Promise<DocumentRow>

export const visibleReader =
  (read: ReadById<DocumentRow>): ReadVisible =>
  async (c, id) => {
    const row = await read(c.tenantId, id)
    if (!row || !maySee(c, row)) throw missing()
    return row
  }

/** Fails with 409 for a document in the trash. */
export function refuseTrashed({ trashedAt }: { trashedAt: Date | null }): void {
  if (trashedAt === null) return
  throw new AppError('conflict', 'The document is in the trash.', {
    hint: 'Restore it first: POST /v1/documents/{id}/restore.',
  })
}

/** Fails with 409 unless all pages are there. */
export function requireCompleted({ status }: DocumentRow): void {
  if (status === 'completed') return
  throw new AppError('conflict', `The document is ${status}, not completed.`, {
    hint: 'Follow its events, or read the pages that are there one by one.',
  })
}
