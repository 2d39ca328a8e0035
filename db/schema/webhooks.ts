import { sql } from 'drizzle-orm'
import {
  check,
  foreignKey,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uuid,
} from 'drizzle-orm/pg-core'
import { listed } from './listed.ts'
import { tenants } from './tenants.ts'
import { bytea } from './users.ts'

export const disabledReasons = ['asked', 'gone', 'failing'] as const
/** Who stopped it: somebody, the receiver (410), or five days without one delivery that succeeded. */
export type DisabledReason = (typeof disabledReasons)[number]

export const deliveryStates = ['pending', 'delivered', 'failed'] as const
export type DeliveryState = (typeof deliveryStates)[number]

/** One request to a receiver, and what came of it. */
export type DeliveryAttempt = {
  number: number // from 1
  at: string
  status_code: number | null // null: no answer
  duration_ms: number
  error: string | null // a code; null: it was delivered
  reply_excerpt: string | null
}

/** Where a tenant wants to be told of changes. Secrets are sealed with the installation's own. */
export const webhookEndpoints = pgTable(
  'webhook_endpoints',
  {
    tenantId: uuid('tenant_id').notNull(),
    id: uuid('id').notNull(),
    url: text('url').notNull(),
    description: text('description').notNull().default(''),
    types: jsonb('types').$type<string[]>().notNull(), // `*`: all
    secretSealed: bytea('secret_sealed').notNull(),
    previousSecretSealed: bytea('previous_secret_sealed'), // signs as well until `previous_secret_until`
    previousSecretUntil: timestamp('previous_secret_until', { withTimezone: true }),
    disabledReason: text('disabled_reason', { enum: disabledReasons }), // null: enabled
    disabledAt: timestamp('disabled_at', { withTimezone: true }),
    failingSince: timestamp('failing_since', { withTimezone: true }), // no delivery has succeeded since
    updatedByUserId: uuid('updated_by_user_id').notNull(), // the user may be gone
    version: integer('version').notNull().default(1),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
    updatedAt: timestamp('updated_at', { withTimezone: true }).notNull().defaultNow(),
  },
  (t) => [
    // Its prefix finds those of a tenant, at every change of something that one may want to hear of.
    primaryKey({ name: 'webhook_endpoints_pkey', columns: [t.tenantId, t.id] }),
    foreignKey({
      name: 'webhook_endpoints_tenant_exists',
      columns: [t.tenantId],
      foreignColumns: [tenants.id],
    }).onDelete('cascade'),
    check(
      'webhook_endpoints_disabled_reason_is_known',
      sql`${t.disabledReason} in (${listed(disabledReasons)})`,
    ),
    check(
      'webhook_endpoints_disabled_has_a_reason',
      sql`(${t.disabledReason} is null) = (${t.disabledAt} is null)`,
    ),
    check(
      'webhook_endpoints_previous_secret_has_an_end',
      sql`(${t.previousSecretSealed} is null) = (${t.previousSecretUntil} is null)`,
    ),
  ],
)

/** What somebody wants to be told of; written in the transaction of the change, and only when somebody does. */
export const webhookEvents = pgTable(
  'webhook_events',
  {
    tenantId: uuid('tenant_id').notNull(),
    id: uuid('id').notNull(),
    type: text('type').notNull(),
    subjectId: uuid('subject_id').notNull(), // what has changed; it may be gone
    data: jsonb('data').$type<Record<string, unknown>>().notNull(),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ name: 'webhook_events_pkey', columns: [t.tenantId, t.id] }),
    foreignKey({
      name: 'webhook_events_tenant_exists',
      columns: [t.tenantId],
      foreignColumns: [tenants.id],
    }).onDelete('cascade'),
    index('webhook_events_by_age').on(t.createdAt), // retention, of all tenants
  ],
)

/** One event on its way to one endpoint. Its job tells when the next attempt comes; a pending one without a job has failed. */
export const webhookDeliveries = pgTable(
  'webhook_deliveries',
  {
    tenantId: uuid('tenant_id').notNull(),
    id: uuid('id').notNull(),
    endpointId: uuid('endpoint_id').notNull(),
    eventId: uuid('event_id').notNull(),
    jobId: uuid('job_id').notNull(), // the latest; an earlier one may write no more
    state: text('state', { enum: deliveryStates }).notNull().default('pending'),
    attempts: jsonb('attempts').$type<DeliveryAttempt[]>().notNull().default([]), // the latest 30
    createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
    finishedAt: timestamp('finished_at', { withTimezone: true }),
  },
  (t) => [
    primaryKey({ name: 'webhook_deliveries_pkey', columns: [t.tenantId, t.id] }),
    foreignKey({
      name: 'webhook_deliveries_endpoint_exists',
      columns: [t.tenantId, t.endpointId],
      foreignColumns: [webhookEndpoints.tenantId, webhookEndpoints.id],
    }).onDelete('cascade'),
    foreignKey({
      name: 'webhook_deliveries_event_exists',
      columns: [t.tenantId, t.eventId],
      foreignColumns: [webhookEvents.tenantId, webhookEvents.id],
    }).onDelete('cascade'),
    index('webhook_deliveries_by_endpoint').on(t.tenantId, t.endpointId, t.id), // GET /webhooks/{id}/deliveries
    index('webhook_deliveries_by_event').on(t.tenantId, t.eventId), // what goes with an event
    check('webhook_deliveries_state_is_known', sql`${t.state} in (${listed(deliveryStates)})`),
    check(
      'webhook_deliveries_end_has_a_time',
      sql`(${t.state} = 'pending') = (${t.finishedAt} is null)`,
    ),
  ],
)
