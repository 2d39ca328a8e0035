import * as z from 'zod'
import { deliveryStates } from '../../db/schema/webhooks.ts'
import { type EventType, eventTypes } from '../../domain/webhooks/event-types.ts'
import { pageOf, pageQuery } from '../_shared/http/pages.ts'
import { failures, route } from '../_shared/http/route.ts'
import { exampleId, param, time } from './contract.ts'
import type { DeliveryRow } from './delivery-queries.ts'
import { payloadOf } from './payload.ts'

const delivery = z.object({ delivery: z.uuid().toLowerCase() })
const exampleDelivery = { delivery: '0199a1c2-77aa-7aaa-8aaa-000000000008' }
const names = Object.keys(eventTypes) as [EventType, ...EventType[]]

const Attempt = z
  .object({
    number: z.int().meta({ description: 'From 1.' }),
    at: time,
    status_code: z.int().nullable().meta({ description: '`null`: there was no answer.' }),
    duration_ms: z.int(),
    error: z.string().nullable().meta({
      description: '`null`: it was delivered.',
      example: 'status',
    }),
    reply_excerpt: z.string().nullable().meta({ description: 'The first 1,000 characters.' }),
  })
  .meta({ id: 'WebhookAttempt', description: 'One request to a receiver.' })

const fields = {
  id: z.uuid(),
  webhook_id: z.uuid(),
  event_id: z.uuid().meta({ description: 'Sent as `webhook-id`, the same in all attempts.' }),
  type: z.enum(names),
  state: z.enum(deliveryStates),
  attempts: z.array(Attempt).meta({ description: 'The latest 30, oldest first.' }),
  next_attempt_at: time.nullable(),
  created_at: time,
  finished_at: time.nullable(),
}

const Delivery = z
  .object(fields)
  .meta({ id: 'WebhookDelivery', description: 'One event on its way to one webhook.' })

const payloads = names.map((type) =>
  z
    .object({
      type: z.literal(type),
      timestamp: time,
      data: z.object({
        id: z.uuid(),
        ...eventTypes[type].data.shape,
        urls: z.object({ self: z.string() }),
      }),
    })
    .meta({ id: `Event_${type.replace('.', '_')}`, description: eventTypes[type].summary }),
)

const DeliveryWithPayload = z
  .object({ ...fields, payload: z.union(payloads).meta({ id: 'WebhookEvent' }) })
  .meta({ id: 'WebhookDeliveryWithPayload', description: 'A delivery, and what it brings.' })

export const testWebhook = route({
  method: 'post',
  path: '/:id/test',
  operationId: 'testWebhook',
  role: 'admin',
  summary: 'Send a test event',
  description:
    'Of the type `webhook.test`, whatever types it asked for, and also when it is disabled.',
  input: { param },
  replies: { 202: Delivery, ...failures('not_found') },
  example: { param: exampleId },
})

export const listDeliveries = route({
  method: 'get',
  path: '/:id/deliveries',
  operationId: 'listWebhookDeliveries',
  role: 'admin',
  summary: 'List deliveries of a webhook, newest first',
  description: 'They are kept for 30 days.',
  input: {
    param,
    query: z.object({ ...pageQuery, state: z.enum(deliveryStates).optional() }),
  },
  replies: { 200: pageOf(Delivery), ...failures('not_found', 'invalid_cursor') },
  example: { param: exampleId, query: { limit: '10' } },
})

export const getDelivery = route({
  method: 'get',
  path: '/deliveries/:delivery',
  operationId: 'getWebhookDelivery',
  role: 'admin',
  summary: 'Read a delivery with its event',
  input: { param: delivery },
  replies: { 200: DeliveryWithPayload, ...failures('not_found') },
  example: { param: exampleDelivery },
})

export const redeliver = route({
  method: 'post',
  path: '/deliveries/:delivery/redeliver',
  operationId: 'redeliverWebhookDelivery',
  role: 'admin',
  summary: 'Deliver once more, now',
  description: `With the same \`webhook-id\` and body, and all attempts from the first on, whether it was delivered, has
failed, or waits for its next attempt.`,
  input: { param: delivery },
  replies: { 202: Delivery, ...failures('not_found', 'conflict') },
  example: { param: exampleDelivery },
})

export const redeliverFailed = route({
  method: 'post',
  path: '/:id/redeliver',
  operationId: 'redeliverFailedWebhookDeliveries',
  role: 'admin',
  summary: 'Deliver once more what has failed since a time',
  description: 'The oldest 1,000; call it again while `more` is true.',
  input: {
    param,
    json: z.object({
      since: z.iso.datetime({ offset: true }).meta({ example: '2026-11-20T08:00:00Z' }),
    }),
  },
  replies: {
    202: z.object({ count: z.int(), more: z.boolean() }),
    ...failures('not_found', 'conflict'),
  },
  example: { param: exampleId, json: { since: '2026-11-20T08:00:00Z' } },
})

export const toDelivery = (row: DeliveryRow): z.input<typeof Delivery> => ({
  id: row.id,
  webhook_id: row.endpointId,
  event_id: row.eventId,
  type: row.type,
  state: row.state,
  attempts: row.attempts,
  next_attempt_at: row.nextAttemptAt?.toISOString() ?? null,
  created_at: row.createdAt.toISOString(),
  finished_at: row.finishedAt?.toISOString() ?? null,
})

export const toDeliveryWithPayload = (row: DeliveryRow): z.input<typeof DeliveryWithPayload> => ({
  ...toDelivery(row),
  payload: payloadOf(row) as z.input<typeof DeliveryWithPayload>['payload'],
})
