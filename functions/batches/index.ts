import * as z from 'zod'
import { pointRead } from '../../db/batch.ts'
import { batches } from '../../db/schema/batches.ts'
import { type ClientApp, newApp } from '../_shared/http/app.ts'
import { toPage } from '../_shared/http/pages.ts'
import { reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import * as changes from './changes.ts'
import * as contract from './contract.ts'
import { eventsHandler } from './events.ts'
import { exportHandler } from './exporting.ts'
import { type BatchRow, listBatchRows, listItemRows } from './queries.ts'
import { toBatch, toItem } from './representation.ts'

/** Many documents and one operation, item by item. */
export const createApp = (deps: Deps) => {
  const { db } = deps
  const readRow = pointRead(db, { table: batches })
  const readExisting = async (tenantId: string, id: string): Promise<BatchRow> => {
    const row = await readRow(tenantId, id)
    if (!row) throw changes.missing()
    return row
  }
  return newApp(deps, { name: 'batches', summary: 'Many documents and one operation.' })
    .on(contract.createBatch, changes.createHandler(deps))
    .on(contract.listBatches, async (c, { query: { cursor, limit, ...filter } }) => {
      const { tenantId, url, cursors } = c
      const scope = JSON.stringify([tenantId, 'listBatches', filter])
      const [before] = cursor ? await cursors.read(scope, cursor, z.tuple([z.uuid()])) : [null]
      const rows = await listBatchRows(db, { tenantId, filter, before, limit: limit + 1 })
      const position = ({ id }: BatchRow) => [id]
      const page = await toPage({ cursors, scope, url }, { rows, limit, position, item: toBatch })
      return reply(200, page.body, { headers: page.headers })
    })
    .on(contract.getBatch, async (c, { param }) => {
      const row = await readExisting(c.tenantId, param.id)
      return reply(200, toBatch(row), { version: row.version })
    })
    .on(contract.listItems, async (c, { param: { id }, query: { cursor, limit, status } }) => {
      const { tenantId, url, cursors } = c
      await readExisting(tenantId, id)
      const scope = JSON.stringify([tenantId, 'listBatchItems', id, status])
      const [after] = cursor ? await cursors.read(scope, cursor, z.tuple([z.int()])) : [-1]
      const of = { tenantId, batchId: id, status, after, limit: limit + 1 }
      const rows = await listItemRows(db, of)
      const position = (row: { position: number }) => [row.position]
      const page = await toPage({ cursors, scope, url }, { rows, limit, position, item: toItem })
      return reply(200, page.body, { headers: page.headers })
    })
    .on(contract.watchBatch, eventsHandler(readExisting))
    .on(contract.cancelBatch, changes.cancelHandler(deps))
    .on(contract.retryBatch, changes.retryHandler(deps))
    .on(contract.exportBatch, exportHandler(deps, readExisting))
    .on(contract.deleteBatch, changes.deleteHandler(deps))
}

export type BatchesApp = ClientApp<ReturnType<typeof createApp>>
