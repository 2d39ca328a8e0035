import * as z from 'zod'
import { pointRead } from '../../db/batch.ts'
import { webhookEndpoints } from '../../db/schema/webhooks.ts'
import { type ClientApp, newApp } from '../_shared/http/app.ts'
import { toPage } from '../_shared/http/pages.ts'
import { reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import * as changes from './changes.ts'
import * as contract from './contract.ts'
import * as deliveryContract from './contract-deliveries.ts'
import * as deliveries from './deliveries.ts'
import { findDelivery, listDeliveryRows } from './delivery-queries.ts'
import { listWebhookRows } from './queries.ts'

const position = ({ id }: { id: string }) => [id]
const Position = z.tuple([z.uuid()])

/** Where a tenant wants to be told of changes, and what it was told. */
export const createApp = (deps: Deps) => {
  const { db } = deps
  const readRow = pointRead(db, { table: webhookEndpoints })
  const existing = async (tenantId: string, id: string): Promise<contract.WebhookRow> => {
    const row = await readRow(tenantId, id)
    if (!row) throw changes.missing()
    return row
  }
  return newApp(deps, { name: 'webhooks', summary: 'Changes, posted to a URL.' })
    .on(contract.createWebhook, changes.createHandler(deps))
    .on(contract.listWebhooks, async (c, { query: { cursor, limit } }) => {
      const { tenantId, url, cursors } = c
      const scope = `${tenantId}|listWebhooks`
      const [after] = cursor ? await cursors.read(scope, cursor, Position) : [null]
      const rows = await listWebhookRows(db, { tenantId, after, limit: limit + 1 })
      const parts = { rows, limit, position, item: contract.toWebhook }
      const page = await toPage({ cursors, scope, url }, parts)
      return reply(200, page.body, { headers: page.headers })
    })
    .on(deliveryContract.getDelivery, async (c, { param }) => {
      const row = await findDelivery(db, c.tenantId, param.delivery)
      if (!row) throw changes.missing()
      return reply(200, deliveryContract.toDeliveryWithPayload(row))
    })
    .on(deliveryContract.redeliver, deliveries.redeliverHandler(deps))
    .on(contract.getWebhook, async (c, { param }) => {
      const row = await existing(c.tenantId, param.id)
      return reply(200, contract.toWebhook(row), { version: row.version })
    })
    .on(contract.changeWebhook, changes.changeHandler(deps))
    .on(contract.deleteWebhook, changes.deleteHandler(deps))
    .on(contract.rotateSecret, changes.rotateHandler(deps))
    .on(deliveryContract.testWebhook, deliveries.testHandler(deps))
    .on(deliveryContract.redeliverFailed, deliveries.redeliverFailedHandler(deps))
    .on(deliveryContract.listDeliveries, async (c, { param: { id: endpointId }, query }) => {
      const { tenantId, url, cursors } = c
      const { cursor, limit, state } = query
      await existing(tenantId, endpointId)
      const scope = `${tenantId}|listWebhookDeliveries|${endpointId}|${state ?? ''}`
      const [before] = cursor ? await cursors.read(scope, cursor, Position) : [null]
      const filter = { tenantId, endpointId, state, before, limit: limit + 1 }
      const rows = await listDeliveryRows(db, filter)
      const parts = { rows, limit, position, item: deliveryContract.toDelivery }
      const page = await toPage({ cursors, scope, url }, parts)
      return reply(200, page.body, { headers: page.headers })
    })
}

export type WebhooksApp = ClientApp<ReturnType<typeof createApp>>
