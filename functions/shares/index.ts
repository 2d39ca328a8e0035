import * as z from 'zod'
import { type ClientApp, newApp } from '../_shared/http/app.ts'
import { toPage } from '../_shared/http/pages.ts'
import { reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import * as changes from './changes.ts'
import * as contract from './contract.ts'
import * as opening from './opening.ts'
import { findShare, listShareRows } from './queries.ts'

/** Links by which people without a key read a document, until they end. */
export const createApp = (deps: Deps) =>
  newApp(deps, { name: 'shares', summary: 'Links to documents that need no key and end.' })
    .on(contract.createShare, changes.createHandler(deps))
    .on(contract.listShares, async (c, { query }) => {
      const { cursor, limit, document_id: documentId, user_id: userId } = query
      const { tenantId, url, cursors } = c
      const scope = JSON.stringify([tenantId, 'listShares', documentId, userId])
      const [before] = cursor ? await cursors.read(scope, cursor, z.tuple([z.uuid()])) : [null]
      const of = { tenantId, documentId, userId, before, limit: limit + 1 }
      const rows = await listShareRows(deps.db, of)
      const position = ({ id }: { id: string }) => [id]
      const parts = { rows, limit, position, item: contract.toShare }
      const page = await toPage({ cursors, scope, url }, parts)
      return reply(200, page.body, { headers: page.headers })
    })
    .on(contract.openShare, opening.openHandler(deps))
    .on(contract.openContent, opening.contentHandler(deps))
    .on(contract.openPages, opening.pagesHandler(deps))
    .on(contract.getShare, async (c, { param }) => {
      const row = await findShare(deps.db, c.tenantId, param.id)
      if (!row) throw changes.missing()
      return reply(200, contract.toShare(row), { version: changes.shareVersion })
    })
    .on(contract.revokeShare, changes.revokeHandler(deps))

export type SharesApp = ClientApp<ReturnType<typeof createApp>>
