import { type SQL, sql } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import type { Db, Tx } from '../../db/client.ts'
import type { DeliveryAttempt, DeliveryState } from '../../db/schema/webhooks.ts'
import { deliveryAttemptsMax, newWebhookId, webhookJobKind } from '../../db/webhook-events.ts'
import { enqueueJob } from '../../domain/jobs/queue.ts'
import type { EventType } from '../../domain/webhooks/event-types.ts'

/** A delivery with its event. */
export type DeliveryRow = {
  id: string
  endpointId: string
  eventId: string
  jobId: string
  type: EventType
  subjectId: string
  data: Record<string, unknown>
  happenedAt: Date
  state: DeliveryState
  attempts: DeliveryAttempt[]
  nextAttemptAt: Date | null
  createdAt: Date
  finishedAt: Date | null
}

type Raw = {
  [K in keyof DeliveryRow]: DeliveryRow[K] extends Date | null ? string | null : DeliveryRow[K]
}

// One whose job ended without a word (cancelled, or its last worker died) has failed.
const isFailed = sql`d.state = 'failed' or d.state = 'pending' and j.id is null`

const deliveriesWith = (condition: SQL): SQL => sql`
  select d.id, d.endpoint_id as "endpointId", d.event_id as "eventId", d.job_id as "jobId", e.type,
    e.subject_id as "subjectId", e.data, e.created_at as "happenedAt", d.attempts,
    case when ${isFailed} then 'failed' else d.state end as state,
    case when d.state = 'pending' then j.run_at end as "nextAttemptAt",
    d.created_at as "createdAt", d.finished_at as "finishedAt"
  from webhook_deliveries d
  join webhook_events e on e.tenant_id = d.tenant_id and e.id = d.event_id
  left join jobs j on j.tenant_id = d.tenant_id and j.id = d.job_id
  where ${condition}`

const moment = (value: unknown): Date | null => (value === null ? null : new Date(String(value)))

const toRow = (raw: Raw): DeliveryRow => ({
  ...raw,
  happenedAt: new Date(String(raw.happenedAt)),
  nextAttemptAt: moment(raw.nextAttemptAt),
  createdAt: new Date(String(raw.createdAt)),
  finishedAt: moment(raw.finishedAt),
})

export async function findDelivery(
  db: Db | Tx,
  tenantId: string,
  id: string,
): Promise<DeliveryRow | null> {
  const rows = await db.execute<Raw>(
    deliveriesWith(sql`d.tenant_id = ${tenantId} and d.id = ${id}`),
  )
  return rows[0] ? toRow(rows[0]) : null
}

type Filter = {
  tenantId: string
  endpointId: string
  state: DeliveryState | undefined
  before: string | null
  limit: number
}

/** Newest first. */
export async function listDeliveryRows(db: Db, filter: Filter): Promise<DeliveryRow[]> {
  const { tenantId, endpointId, state, before, limit } = filter
  const behind = before === null ? sql`` : sql`and d.id < ${before}`
  const ofState = {
    failed: sql`and (${isFailed})`,
    pending: sql`and d.state = 'pending' and j.id is not null`,
    delivered: sql`and d.state = 'delivered'`,
  }
  const rows = await db.execute<Raw>(
    sql`${deliveriesWith(
      sql`d.tenant_id = ${tenantId} and d.endpoint_id = ${endpointId} ${behind} ${state ? ofState[state] : sql``}`,
    )} order by d.id desc limit ${limit}`,
  )
  return [...rows].map(toRow)
}

type Subject = { tenantId: string; id: string; requestId: string }

/** An event for one endpoint alone. @returns the id of its delivery */
export async function insertTest(tx: Tx, { tenantId, id, requestId }: Subject): Promise<string> {
  const [eventId, deliveryId, jobId] = [uuidv7(), uuidv7(), uuidv7()]
  const type: EventType = 'webhook.test'
  await tx.execute(sql`
    insert into webhook_events (tenant_id, id, type, subject_id, data)
    values (${tenantId}, ${eventId}, ${type}, ${id}, '{}')`)
  await tx.execute(sql`
    insert into webhook_deliveries (tenant_id, id, endpoint_id, event_id, job_id)
    values (${tenantId}, ${deliveryId}, ${id}, ${eventId}, ${jobId})`)
  await enqueueDelivery(tx, { tenantId, id: deliveryId, jobId, requestId })
  return deliveryId
}

const enqueueDelivery = (
  tx: Tx,
  { tenantId, id: subjectId, jobId, requestId }: Subject & { jobId: string },
) =>
  enqueueJob(tx, {
    ...{ tenantId, id: jobId, kind: webhookJobKind, subjectId, requestId },
    attemptsMax: deliveryAttemptsMax,
  })

/**
 * Gives a delivery a new job that begins now; the one that it has is no longer its own.
 * @returns `false`: somebody else has just done so
 */
export async function restartDelivery(
  tx: Tx,
  { tenantId, id, requestId }: Subject,
  { jobId: before }: DeliveryRow,
): Promise<boolean> {
  const jobId = uuidv7()
  const rows = await tx.execute(sql`
    update webhook_deliveries set state = 'pending', finished_at = null, job_id = ${jobId}
    where tenant_id = ${tenantId} and id = ${id} and job_id = ${before} returning id`)
  if (rows.length === 0) return false
  await enqueueDelivery(tx, { tenantId, id, jobId, requestId })
  return true
}

type FailedSince = { tenantId: string; id: string; requestId: string; since: string; limit: number }

/** Gives the oldest failed deliveries of an endpoint new jobs. @returns how many */
export async function restartFailed(
  tx: Tx,
  { tenantId, id, requestId, since, limit }: FailedSince,
): Promise<number> {
  const rows = await tx.execute(sql`
    with failed as materialized (
      select d.id, ${newWebhookId} as job_id from webhook_deliveries d
      left join jobs j on j.tenant_id = d.tenant_id and j.id = d.job_id
      where d.tenant_id = ${tenantId} and d.endpoint_id = ${id} and d.created_at >= ${since}::timestamptz
        and (${isFailed})
      order by d.id limit ${limit} for update of d
    ), restarted as (
      update webhook_deliveries d
      set state = 'pending', finished_at = null, job_id = f.job_id
      from failed f where d.tenant_id = ${tenantId} and d.id = f.id
      returning d.id, d.job_id
    )
    insert into jobs (tenant_id, id, kind, subject_id, request_id, status, run_at, attempts_max)
    select ${tenantId}::uuid, job_id, ${webhookJobKind}, id, ${requestId}, 'queued', clock_timestamp(),
      ${deliveryAttemptsMax}::int from restarted returning id`)
  return rows.length
}
