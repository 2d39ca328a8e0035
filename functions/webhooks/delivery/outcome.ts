import { type SQL, sql } from 'drizzle-orm'
import type { Tx } from '../../../db/client.ts'
import type { DeliveryAttempt, DisabledReason } from '../../../db/schema/webhooks.ts'
import { appendAudit } from '../../../domain/audit/append.ts'

const attemptsKept = 30

/** What names a delivery, and the job that may write of it. */
export type Delivery = {
  tenantId: string
  id: string
  endpointId: string
  jobId: string
}

type Result = {
  attempt: Omit<DeliveryAttempt, 'number'>
  state: 'pending' | 'delivered' | 'failed'
}

/** Writes an attempt down; nothing when another job has the delivery by now, or it is gone. */
export async function recordAttempt(
  tx: Tx,
  { tenantId, id, jobId }: Delivery,
  { attempt, state }: Result,
): Promise<void> {
  const ended: SQL = state === 'pending' ? sql`null` : sql`clock_timestamp()`
  await tx.execute(sql`
    update webhook_deliveries set state = ${state}, finished_at = ${ended},
      attempts = case when jsonb_array_length(attempts) >= ${attemptsKept}::int then attempts - 0 else attempts end
        || (${JSON.stringify(attempt)}::jsonb || jsonb_build_object('number',
          coalesce((attempts->-1->>'number')::int, 0) + 1))
    where tenant_id = ${tenantId} and id = ${id} and job_id = ${jobId}`)
}

/** A delivery has succeeded: whatever failed before is forgotten. */
export async function forgetFailures(tx: Tx, { tenantId, endpointId }: Delivery): Promise<void> {
  await tx.execute(sql`
    update webhook_endpoints set failing_since = null, version = version + 1
    where tenant_id = ${tenantId} and id = ${endpointId} and failing_since is not null`)
}

/**
 * A delivery has failed: since when none has succeeded is kept, and after five days nothing more is tried.
 * @param isGone the receiver wants no more
 * @returns why the endpoint is now disabled, `null` when it is not, or was before
 */
export async function countFailure(
  tx: Tx,
  { tenantId, endpointId }: Delivery,
  isGone: boolean,
): Promise<DisabledReason | null> {
  await tx.execute(sql`
    update webhook_endpoints set failing_since = clock_timestamp(), version = version + 1
    where tenant_id = ${tenantId} and id = ${endpointId} and failing_since is null`)
  const [row] = await tx.execute<{ reason: DisabledReason }>(sql`
    update webhook_endpoints set disabled_at = clock_timestamp(), version = version + 1,
      updated_at = clock_timestamp(), disabled_reason = case when ${isGone} then 'gone' else 'failing' end
    where tenant_id = ${tenantId} and id = ${endpointId} and disabled_at is null
      and (${isGone} or failing_since < clock_timestamp() - interval '5 days')
    returning disabled_reason as reason`)
  return row?.reason ?? null
}

/** The entry of an endpoint that nobody has disabled by hand. The last statement of its transaction. */
export function recordDisabling(
  tx: Tx,
  { tenantId, endpointId }: Delivery,
  { reason, at }: { reason: DisabledReason; at: Date },
): Promise<void> {
  const subject = { tenantId, subjectType: 'webhook', subjectId: endpointId }
  const nobody = { actor: null, requestId: null }
  return appendAudit(tx, {
    ...subject,
    ...nobody,
    action: 'webhook.disabled',
    detail: { reason },
    at,
  })
}
