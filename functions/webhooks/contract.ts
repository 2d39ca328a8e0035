import * as z from 'zod'
import { disabledReasons, type webhookEndpoints } from '../../db/schema/webhooks.ts'
import { type EventType, eventTypes } from '../../domain/webhooks/event-types.ts'
import { pageOf, pageQuery } from '../_shared/http/pages.ts'
import { failures, route } from '../_shared/http/route.ts'

export const param = z.object({ id: z.uuid().toLowerCase() })
export const exampleId = { id: '0199a1c2-77aa-7aaa-8aaa-000000000007' }
export const time = z.iso.datetime()

const names = Object.keys(eventTypes) as [EventType, ...EventType[]]
const typesMax = names.length
const overlapHoursMax = 7 * 24

const fields = {
  url: z
    .string()
    .min(1)
    .max(2_000)
    .meta({
      description: `Where events are posted: https, a name that resolves to public addresses alone, the port 443 or one from
1024 up, no user name or password. It is looked up again for every delivery.`,
      example: 'https://example.com/octavo',
    }),
  types: z
    .array(z.enum(['*', ...names]))
    .min(1)
    .max(typesMax)
    .meta({
      description: 'Of events that are sent; `*` for all.',
      example: ['document.completed'],
    }),
  description: z.string().trim().max(200).meta({ example: 'Invoices to the accounts department' }),
  enabled: z.boolean().meta({
    description: 'Without, nothing is sent, and what happens meanwhile is not made up for.',
  }),
}

export const Webhook = z
  .object({
    id: z.uuid(),
    url: z.string().meta({ example: 'https://example.com/octavo' }),
    types: z.array(z.string()),
    description: z.string(),
    enabled: z.boolean(),
    disabled_reason: z
      .enum(disabledReasons)
      .nullable()
      .meta({
        description: `\`asked\`: somebody did it. \`gone\`: the receiver answered 410. \`failing\`: for five days no
delivery succeeded.`,
      }),
    disabled_at: time.nullable(),
    failing_since: time.nullable().meta({ description: 'No delivery has succeeded since.' }),
    previous_secret_until: time.nullable().meta({
      description: 'Until then the secret of before the rotation signs, too.',
    }),
    version: z.int().meta({ description: 'Grows with every change; the ETag.' }),
    created_at: time,
    updated_at: time,
  })
  .meta({ id: 'Webhook', description: 'Where the tenant wants to be told of changes.' })

const IssuedWebhook = z
  .object({
    ...Webhook.shape,
    secret: z.string().nullable().meta({
      description: 'Verifies signatures. Shown in this reply only: a replay carries `null`.',
      example: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    }),
    hint: z.string().optional(),
  })
  .meta({ id: 'IssuedWebhook', description: 'A webhook with a new secret.' })

export const createWebhook = route({
  method: 'post',
  path: '/',
  operationId: 'createWebhook',
  role: 'admin',
  summary: 'Have changes posted to a URL',
  description: `Requests are signed as Standard Webhooks says. Each event arrives at least once, in no certain order: one
that was received already has the same \`webhook-id\`. A tenant has at most 20.`,
  input: {
    json: z.object({
      ...fields,
      description: fields.description.default(''),
      enabled: fields.enabled.default(true),
    }),
  },
  replies: { 201: IssuedWebhook, ...failures('conflict') },
  secretFields: ['secret'],
  example: {
    json: { url: 'https://example.com/octavo', types: ['document.completed', 'document.failed'] },
  },
})

export const listWebhooks = route({
  method: 'get',
  path: '/',
  operationId: 'listWebhooks',
  role: 'admin',
  summary: 'List webhooks, oldest first',
  input: { query: z.object(pageQuery) },
  replies: { 200: pageOf(Webhook), ...failures('invalid_cursor') },
  example: { query: { limit: '10' } },
})

export const getWebhook = route({
  method: 'get',
  path: '/:id',
  operationId: 'getWebhook',
  role: 'admin',
  summary: 'Read a webhook',
  input: { param },
  replies: { 200: Webhook, ...failures('not_found') },
  example: { param: exampleId },
})

export const changeWebhook = route({
  method: 'patch',
  path: '/:id',
  operationId: 'changeWebhook',
  role: 'admin',
  summary: 'Change a webhook',
  description: 'What is on its way already goes to the new URL. Enabling it forgets its failures.',
  input: { param, json: z.object(fields).partial() },
  replies: { 200: Webhook, ...failures('not_found', 'stale_version') },
  example: { param: exampleId, json: { types: ['*'] } },
})

export const deleteWebhook = route({
  method: 'delete',
  path: '/:id',
  operationId: 'deleteWebhook',
  role: 'admin',
  summary: 'Delete a webhook with its deliveries',
  input: { param },
  replies: { 204: null, ...failures('not_found', 'stale_version') },
  example: { param: exampleId },
})

export const rotateSecret = route({
  method: 'post',
  path: '/:id/rotate',
  operationId: 'rotateWebhookSecret',
  role: 'admin',
  summary: 'Replace the secret of a webhook by a new one',
  description:
    'During the overlap each request carries the signatures of both, separated by a space. Another rotation ends it.',
  input: {
    param,
    json: z.object({
      overlap_hours: z.int().min(0).max(overlapHoursMax).default(24).meta({
        description: 'How long the secret of before signs, too.',
      }),
    }),
  },
  replies: { 201: IssuedWebhook, ...failures('not_found', 'stale_version') },
  secretFields: ['secret'],
  example: { param: exampleId, json: { overlap_hours: 24 } },
})

export type WebhookRow = typeof webhookEndpoints.$inferSelect

export const toWebhook = (row: WebhookRow): z.input<typeof Webhook> => ({
  id: row.id,
  url: row.url,
  types: row.types,
  description: row.description,
  enabled: row.disabledAt === null,
  disabled_reason: row.disabledReason,
  disabled_at: row.disabledAt?.toISOString() ?? null,
  failing_since: row.failingSince?.toISOString() ?? null,
  previous_secret_until: row.previousSecretUntil?.toISOString() ?? null,
  version: row.version,
  created_at: row.createdAt.toISOString(),
  updated_at: row.updatedAt.toISOString(),
})
