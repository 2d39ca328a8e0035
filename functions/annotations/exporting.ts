import * as z from 'zod'
import { type ExportBlock, findExportBlock } from '../../domain/annotations/export-block.ts'
import {
  beginExport,
  type ExportRow,
  exportStatus,
  listExports,
} from '../../domain/annotations/export-history.ts'
import { exportKinds } from '../../domain/annotations/exporting.ts'
import { findExportDocuments } from '../../domain/annotations/exporting-queries.ts'
import { identityOf } from '../_shared/http/call.ts'
import { toPage } from '../_shared/http/pages.ts'
import { AppError } from '../_shared/http/problems.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import { streamed } from '../_shared/http/streamed.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import { missing } from './changes.ts'
import type * as contract from './contract-files.ts'

export const exportHandler =
  ({ db, now }: Deps): Handler<typeof contract.exportAnnotations> =>
  async (c, { query }) => {
    const { tenantId, userId, keyId } = identityOf(c.identity)
    const documentIds = askedDocuments(query)
    const found = await findExportDocuments(db, { tenantId, documentIds })
    if (found.length < documentIds.length) throw missing()
    const { format } = query
    const block = await findExportBlock(db, { tenantId, documentIds, format })
    if (block) throw refused(block)
    const { contentType, suffix } = exportKinds[format]
    const name = documentIds.length === 1 ? `annotations-${documentIds[0]}` : 'annotations'
    const headers = {
      'Content-Type': contentType,
      'Content-Disposition': `attachment; filename="${name}.${suffix}"`,
    }
    if (c.request.method === 'HEAD') return new Response(null, { headers })
    const by = { userId, keyId, requestId: c.requestId }
    const bytes = await beginExport(db, { tenantId, documentIds, format, by }, now)
    return streamed(c, headers, bytes)
  }

/** A conflict where fields are open; what the query asks too much of is invalid. */
function refused({ reason, detail, errors }: ExportBlock): AppError {
  const isOpen = reason === 'required_fields_open'
  const pointer = isOpen ? '/document_id' : '/document_ids'
  return new AppError(isOpen ? 'conflict' : 'invalid', detail, {
    errors: errors.map((fault) => ({ in: 'query', pointer, ...fault })),
  })
}

type Asked = { document_id?: string | undefined; document_ids?: string | undefined }

/** @throws {AppError} `invalid`: neither way of naming documents, or both */
function askedDocuments({ document_id: one, document_ids: several }: Asked): string[] {
  const asked = several?.split(',') ?? [one]
  const ids = [...new Set(asked.flatMap((id) => id ?? []))]
  if (ids.length > 0 && (one === undefined || several === undefined)) return ids
  const detail = 'Give either document_id or document_ids.'
  const pointer = one === undefined ? '/document_id' : '/document_ids'
  throw new AppError('invalid', detail, {
    errors: [{ in: 'query', pointer, code: 'either_or', detail }],
  })
}

export const listExportsHandler =
  ({ db, now }: Deps): Handler<typeof contract.listExports> =>
  async ({ tenantId, url, cursors }, { query: { cursor, limit } }) => {
    const scope = `${tenantId}|listAnnotationExports`
    const [before] = cursor ? await cursors.read(scope, cursor, z.tuple([z.uuid()])) : [null]
    const rows = await listExports(db, { tenantId, before, limit: limit + 1 })
    const at = now()
    const found = await toPage(
      { cursors, scope, url },
      { rows, limit, position: ({ id }) => [id], item: (row) => toExport(row, at) },
    )
    return reply(200, found.body, { headers: found.headers })
  }

const toExport = (row: ExportRow, at: Date): z.input<typeof contract.AnnotationExport> => ({
  id: row.id,
  user_id: row.userId,
  format: row.format,
  document_ids: row.documentIds,
  annotation_count: row.annotationCount,
  status: exportStatus(row, at),
  started_at: row.startedAt.toISOString(),
  ended_at: (row.completedAt ?? row.brokenAt)?.toISOString() ?? null,
})
