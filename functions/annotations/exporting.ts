import { exportBytes, exportKinds } from '../../domain/annotations/exporting.ts'
import { findExportDocuments } from '../../domain/annotations/exporting-queries.ts'
import type { Handler } from '../_shared/http/route.ts'
import { streamed } from '../_shared/http/streamed.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import { missing } from './changes.ts'
import type * as contract from './contract-files.ts'

export const exportHandler =
  ({ db, now }: Deps): Handler<typeof contract.exportAnnotations> =>
  async (c, { query: { document_id: documentId, format } }) => {
    const { tenantId } = c
    const order = { tenantId, documentIds: [documentId], format }
    const [document] = await findExportDocuments(db, order)
    if (!document) throw missing()
    const { contentType, suffix } = exportKinds[format]
    const headers = {
      'Content-Type': contentType,
      'Content-Disposition': `attachment; filename="annotations-${documentId}.${suffix}"`,
    }
    return streamed(c, headers, () => exportBytes(db, { ...order, at: now() }))
  }
