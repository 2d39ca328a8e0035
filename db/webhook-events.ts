import { type SQL, sql } from 'drizzle-orm'
import { eventId } from './run-events.ts'

/** The kind of job that brings one event to one endpoint. */
export const webhookJobKind = 'webhooks.deliver'
/** The first one, and one after each wait of the schedule. */
export const deliveryAttemptsMax = 10

/** SQL for a new UUIDv7. */
export const newWebhookId = sql`${eventId(sql`clock_timestamp()`, sql`uuid_send(gen_random_uuid())`)}`

/**
 * CTEs that tell those who want to hear of them of changes: an event, and for each enabled endpoint of the tenant that
 * asked for its type a delivery and its job. To be followed by a statement of the caller's.
 * @param changes a select of `tenant_id`, `type`, `subject_id` and `data` (jsonb), a row a change
 */
export function tellWebhooks(changes: SQL): SQL {
  return sql`webhook_changes as materialized (
      select c.*, ${newWebhookId} as event_id from (${changes}) c
    ), webhook_targets as materialized (
      -- Held: an endpoint that is deleted meanwhile is none, where its key would fail the whole change.
      select c.*, w.id as endpoint_id, ${newWebhookId} as delivery_id, ${newWebhookId} as job_id,
        -- What a receiver that fails holds up goes behind what others of the tenant wait for.
        case when w.failing_since is null then 0 else -1 end as priority
      from webhook_changes c join webhook_endpoints w on w.tenant_id = c.tenant_id
      where w.disabled_at is null and w.types ?| array['*', c.type] for key share of w
    ), webhook_told as (
      insert into webhook_events (tenant_id, id, type, subject_id, data)
      select distinct on (event_id) tenant_id, event_id, type, subject_id, data from webhook_targets
    ), webhook_sent as (
      insert into webhook_deliveries (tenant_id, id, endpoint_id, event_id, job_id)
      select tenant_id, delivery_id, endpoint_id, event_id, job_id from webhook_targets
    ), webhook_queued as (
      insert into jobs (tenant_id, id, kind, subject_id, priority, status, run_at, attempts_max)
      select tenant_id, job_id, '${sql.raw(webhookJobKind)}', delivery_id, priority, 'queued', clock_timestamp(),
        ${sql.raw(String(deliveryAttemptsMax))} from webhook_targets
    )`
}
