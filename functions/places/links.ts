import * as z from 'zod'
import type { ReadById } from '../../db/batch.ts'
import type { Tx } from '../../db/client.ts'
import { identityOf } from '../_shared/http/call.ts'
import { toPage } from '../_shared/http/pages.ts'
import { AppError } from '../_shared/http/problems.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import { missing } from './changes.ts'
import type * as contract from './contract-links.ts'
import {
  deleteLink,
  findLink,
  keepDocument,
  keepPlace,
  type LinkRow,
  listLinkRows,
  saveLink,
} from './links-queries.ts'

const toLink = (row: LinkRow): z.input<typeof contract.PlaceLink> => ({
  document_id: row.documentId,
  filename: row.filename,
  title: row.title,
  pages: row.pages,
  note: row.note,
  source: row.source,
  created_by_user_id: row.createdByUserId,
  created_at: row.createdAt.toISOString(),
})

export const listHandler =
  ({ db }: Deps, readPlace: ReadById<unknown>): Handler<typeof contract.listPlaceDocuments> =>
  async ({ tenantId, url, cursors }, { param: { id: placeId }, query: { cursor, limit } }) => {
    if (!(await readPlace(tenantId, placeId))) throw missing()
    const scope = `${tenantId}|listPlaceDocuments|${placeId}`
    const [after] = cursor ? await cursors.read(scope, cursor, z.tuple([z.uuid()])) : [null]
    const rows = await listLinkRows(db, { tenantId, placeId, after, limit: limit + 1 })
    const position = ({ documentId }: LinkRow) => [documentId]
    const page = await toPage({ cursors, scope, url }, { rows, limit, position, item: toLink })
    return reply(200, page.body, { headers: page.headers })
  }

export const linkHandler =
  ({ now }: Deps): Handler<typeof contract.linkPlace> =>
  (c, { param: { id: placeId, document_id: documentId }, json: { pages: given, note } }) =>
    c.write(async (tx) => {
      const { tenantId, userId } = identityOf(c.identity)
      const link = { tenantId, placeId, documentId }
      const pages = [...new Set(given)].sort((a, b) => a - b)
      await requireLinkable(tx, link, pages)
      await saveLink(tx, { ...link, pages, note, userId, at: now() })
      const row = await findLink(tx, link)
      if (!row) throw missing()
      return reply(200, toLink(row))
    })

type Link = { tenantId: string; placeId: string; documentId: string }

async function requireLinkable(
  tx: Tx,
  { tenantId, placeId, documentId }: Link,
  pages: readonly number[],
): Promise<void> {
  if (!(await keepPlace(tx, tenantId, placeId))) throw missing()
  const document = await keepDocument(tx, tenantId, documentId)
  if (!document) throw missing()
  if (document.trashedAt !== null)
    throw new AppError('conflict', 'The document is in the trash.', {
      hint: 'Restore it first: POST /v1/documents/{id}/restore.',
    })
  const { pageCount } = document
  if (pageCount === null || (pages.at(-1) ?? 0) <= pageCount) return
  const detail = `The document has ${pageCount} pages.`
  throw new AppError('invalid', `body /pages: ${detail}`, {
    errors: [{ in: 'body', pointer: '/pages', code: 'not_found', detail }],
  })
}

export const unlinkHandler: Handler<typeof contract.unlinkPlace> = (c, { param }) =>
  c.write(async (tx) => {
    const link = { tenantId: c.tenantId, placeId: param.id, documentId: param.document_id }
    if (!(await deleteLink(tx, link))) throw missing()
    return reply(204, null)
  })
