import type { Tx } from '../../db/client.ts'
import { cancelJob, ringWorkers } from '../../domain/jobs/queue.ts'
import type { Call } from '../_shared/http/call.ts'
import { AppError } from '../_shared/http/problems.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import { missing } from './changes.ts'
import type { WebhookRow } from './contract.ts'
import * as contract from './contract-deliveries.ts'
import {
  type DeliveryRow,
  findDelivery,
  insertTest,
  restartDelivery,
  restartFailed,
} from './delivery-queries.ts'
import { holdWebhook } from './queries.ts'

const restartedMax = 1_000 // by one call

/** Not awaited: a worker that hears nothing looks by itself within a quarter of a second. */
function ring(c: Call, { db }: Deps): void {
  ringWorkers(db).catch((err: unknown) => c.log.warn('workers were not woken', {}, err))
}

async function requireDelivery(tx: Tx, c: Call, id: string): Promise<DeliveryRow> {
  const row = await findDelivery(tx, c.tenantId, id)
  if (!row) throw missing()
  return row
}

async function requireWebhook(tx: Tx, c: Call, id: string): Promise<WebhookRow> {
  const row = await holdWebhook(tx, c.tenantId, id)
  if (!row) throw missing()
  return row
}

const requireEnabled = ({ disabledAt }: WebhookRow): void => {
  if (disabledAt === null) return
  throw new AppError('conflict', 'The webhook is disabled.', { hint: 'Enable it first.' })
}

export const testHandler =
  (deps: Deps): Handler<typeof contract.testWebhook> =>
  async (c, { param: { id } }) => {
    const answer = await c.write(async (tx) => {
      await requireWebhook(tx, c, id)
      const { tenantId, requestId } = c
      const row = await requireDelivery(tx, c, await insertTest(tx, { tenantId, id, requestId }))
      return accepted(row)
    })
    ring(c, deps)
    return answer
  }

export const redeliverHandler =
  (deps: Deps): Handler<typeof contract.redeliver> =>
  async (c, { param: { delivery: id } }) => {
    const { tenantId, requestId } = c
    const answer = await c.write(async (tx) => {
      const row = await requireDelivery(tx, c, id)
      // Rows are locked in the order job, webhook, delivery: an attempt takes them so.
      await cancelJob(tx, { tenantId, id: row.jobId })
      const webhook = await requireWebhook(tx, c, row.endpointId)
      if (row.type !== 'webhook.test') requireEnabled(webhook)
      if (!(await restartDelivery(tx, { tenantId, id, requestId }, row)))
        throw new AppError('conflict', 'Somebody else has just had it delivered once more.')
      return accepted(await requireDelivery(tx, c, id))
    })
    ring(c, deps)
    return answer
  }

const accepted = (row: DeliveryRow) => {
  const headers = { Location: `/v1/webhooks/deliveries/${row.id}` }
  return reply(202, contract.toDelivery(row), { headers })
}

export const redeliverFailedHandler =
  (deps: Deps): Handler<typeof contract.redeliverFailed> =>
  async (c, { param: { id }, json: { since } }) => {
    const { tenantId, requestId } = c
    const answer = await c.write(async (tx) => {
      requireEnabled(await requireWebhook(tx, c, id))
      const failed = { tenantId, id, requestId, since, limit: restartedMax }
      const count = await restartFailed(tx, failed)
      return reply(202, { count, more: count === restartedMax })
    })
    ring(c, deps)
    return answer
  }
