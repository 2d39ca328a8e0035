import type { Db } from '../../db/client.ts'
import { findExportBlock } from '../../domain/annotations/export-block.ts'
import { beginExport } from '../../domain/annotations/export-history.ts'
import { type ExportFormat, exportKinds } from '../../domain/annotations/exporting.ts'
import { identityOf } from '../_shared/http/call.ts'
import { AppError } from '../_shared/http/problems.ts'
import type { Handler } from '../_shared/http/route.ts'
import { streamed } from '../_shared/http/streamed.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import type { exportBatch } from './contract.ts'
import { type BatchRow, listItemRows } from './queries.ts'
import { itemsMax } from './rules.ts'

/** Sends what the batch checked, as one file: the documents of its completed items, in their order. */
export const exportHandler =
  (
    { db, now }: Deps,
    readExisting: (tenantId: string, id: string) => Promise<BatchRow>,
  ): Handler<typeof exportBatch> =>
  async (c, { param: { id } }) => {
    const { tenantId, userId, keyId } = identityOf(c.identity)
    const batch = await readExisting(tenantId, id)
    if (batch.operation !== 'export')
      throw new AppError('conflict', `The batch is one of ${batch.operation}: it has no files.`)
    if (batch.status === 'running')
      throw new AppError('conflict', 'The batch runs.', { hint: 'Follow its events.' })
    const format = batch.parameters.format as ExportFormat
    const { contentType, suffix } = exportKinds[format]
    const headers = {
      'Content-Type': contentType,
      'Content-Disposition': `attachment; filename="annotations-${id}.${suffix}"`,
    }
    const documentIds = await completedDocuments(db, tenantId, id)
    const block = await findExportBlock(db, { tenantId, documentIds, format })
    if (block)
      throw new AppError('conflict', block.detail, {
        errors: block.errors.map((fault) => ({ in: 'body', pointer: '', ...fault })),
      })
    if (c.request.method === 'HEAD') return new Response(null, { headers })
    const by = { userId, keyId, requestId: c.requestId }
    const bytes = await beginExport(db, { tenantId, documentIds, format, by }, now)
    return streamed(c, headers, bytes)
  }

async function completedDocuments(db: Db, tenantId: string, batchId: string): Promise<string[]> {
  const of = { tenantId, batchId, status: 'completed' as const, after: -1, limit: itemsMax }
  const rows = await listItemRows(db, of)
  return rows.map(({ documentId }) => documentId)
}
