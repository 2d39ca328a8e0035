import * as z from 'zod'
import { type AnnotationRow, toAnnotation } from '../../domain/annotations/representation.ts'
import { toPage } from '../_shared/http/pages.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import type * as contract from './contract.ts'
import { listAnnotationRows, type Narrowing } from './queries.ts'

export const listHandler =
  ({ db }: Deps): Handler<typeof contract.listAnnotations> =>
  async ({ tenantId, url, cursors }, { query }) => {
    const { document_id: documentId, cursor, limit } = query
    const narrowing = narrowingOf(query)
    const scope = JSON.stringify([tenantId, 'listAnnotations', documentId, narrowing])
    const after = cursor ? await cursors.read(scope, cursor, z.tuple([z.int(), z.uuid()])) : null
    const filter = { tenantId, documentId, narrowing, after, limit: limit + 1 }
    const rows = await listAnnotationRows(db, filter)
    const position = (row: AnnotationRow) => [row.page, row.id]
    const found = await toPage(
      { cursors, scope, url },
      { rows, limit, position, item: toAnnotation },
    )
    return reply(200, found.body, { headers: found.headers })
  }

type Query = z.output<typeof contract.listAnnotations.input.query>

const narrowingOf = (query: Query): Narrowing => ({
  page: query.page,
  labelName: query.label_name,
  validation: query.validation,
  source: query.source,
  confidenceMin: query.min_confidence,
  confidenceMax: query.max_confidence,
  createdBy: query.created_by,
  updatedSince: query.updated_since,
  includesDeleted: query.include_deleted,
})
