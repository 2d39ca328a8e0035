import * as z from 'zod'
import { pointRead } from '../../db/batch.ts'
import { suggestions } from '../../db/schema/suggestions.ts'
import { type ClientApp, newApp } from '../_shared/http/app.ts'
import { toPage } from '../_shared/http/pages.ts'
import { reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import * as contract from './contract.ts'
import * as deciding from './deciding.ts'
import { proposeHandler, proposeManyHandler } from './proposing.ts'
import { listSuggestionRows } from './queries.ts'
import { type SuggestionRow, toSuggestion } from './representation.ts'

/** Regions that programs and templates propose, for people to accept or to dismiss. */
export const createApp = (deps: Deps) => {
  const { db } = deps
  const readRow = pointRead(db, { table: suggestions })
  return newApp(deps, { name: 'suggestions', summary: 'Regions that are proposed for a label.' })
    .on(contract.proposeRegion, proposeHandler(deps))
    .on(contract.proposeRegions, proposeManyHandler(deps))
    .on(contract.listSuggestions, async (c, { query }) => {
      const { document_id: documentId, page, state, cursor, limit } = query
      const { label_name: labelName, min_confidence: confidenceMin } = query
      const { tenantId, url, cursors } = c
      const filters = [documentId, page, state, labelName, confidenceMin]
      const scope = `${tenantId}|listSuggestions|${JSON.stringify(filters)}`
      const after = cursor ? await cursors.read(scope, cursor, z.tuple([z.int(), z.uuid()])) : null
      const filter = { tenantId, documentId, page, state, labelName, confidenceMin, after }
      const rows = await listSuggestionRows(db, { ...filter, limit: limit + 1 })
      const position = (row: SuggestionRow) => [row.page, row.id]
      const parts = { rows, limit, position, item: toSuggestion }
      const found = await toPage({ cursors, scope, url }, parts)
      return reply(200, found.body, { headers: found.headers })
    })
    .on(contract.getSuggestion, async (c, { param }) => {
      const row = await readRow(c.tenantId, param.id)
      if (!row) throw deciding.missing()
      return reply(200, toSuggestion(row), { version: row.version })
    })
    .on(contract.acceptSuggestion, deciding.acceptHandler(deps))
    .on(contract.modifySuggestion, deciding.modifyHandler(deps))
    .on(contract.dismissSuggestion, deciding.dismissHandler(deps))
}

export type SuggestionsApp = ClientApp<ReturnType<typeof createApp>>
