import { and, eq } from 'drizzle-orm'
import type { Tx } from '../../../db/client.ts'
import { webhookEndpoints } from '../../../db/schema/webhooks.ts'
import { holdLease } from '../../../domain/jobs/lease.ts'
import { JobFailure, JobMoot, JobPutOff } from '../../../domain/jobs/outcome.ts'
import { publicUrl, retryAfterMs } from '../../../domain/outgoing/urls.ts'
import type { JobContext, JobHandler } from '../../_shared/ports/jobs.ts'
import type { WebhookRow } from '../contract.ts'
import { type DeliveryRow, findDelivery } from '../delivery-queries.ts'
import { payloadOf } from '../payload.ts'
import {
  countFailure,
  type Delivery,
  forgetFailures,
  recordAttempt,
  recordDisabling,
} from './outcome.ts'
import { type Answer, send } from './send.ts'
import { signedHeaders, signingSecrets } from './signing.ts'

type Sendable = { delivery: DeliveryRow; endpoint: WebhookRow }

/** Brings one event to one endpoint, at least once: an attempt that dies is made again with the same `webhook-id`. */
export const deliver: JobHandler = async (context) => {
  const { deps, job } = context
  const found = await findSendable(context)
  if (found.delivery.state === 'delivered') return {}
  const of = {
    ...{ tenantId: job.tenantId, id: found.delivery.id, jobId: job.id },
    endpointId: found.endpoint.id,
  }
  const isTest = found.delivery.type === 'webhook.test'
  if (found.endpoint.disabledAt !== null && !isTest) return giveUp(context, of)
  const at = deps.now()
  const answer = await sendTo(context, found)
  const isDelivered =
    answer.statusCode !== null && answer.statusCode >= 200 && answer.statusCode < 300
  if (!isDelivered) return fail(context, of, { answer, at })
  return {
    result: { status_code: answer.statusCode, duration_ms: answer.durationMs },
    effect: async (tx) => {
      await forgetFailures(tx, of)
      await recordAttempt(tx, of, { attempt: attemptOf(answer, at), state: 'delivered' })
    },
  }
}

/** @throws {JobMoot} the delivery is gone, or another job has it */
async function findSendable({ deps: { db }, job }: JobContext): Promise<Sendable> {
  const { tenantId, subjectId } = job
  const delivery = subjectId === null ? null : await findDelivery(db, tenantId, subjectId)
  if (delivery?.jobId !== job.id) throw new JobMoot('The delivery is gone or has another job.')
  const [endpoint] = await db
    .select()
    .from(webhookEndpoints)
    .where(
      and(eq(webhookEndpoints.tenantId, tenantId), eq(webhookEndpoints.id, delivery.endpointId)),
    )
  if (!endpoint) throw new JobMoot('The webhook is gone.')
  return { delivery, endpoint }
}

async function sendTo(
  { deps, host, signal }: JobContext,
  { delivery, endpoint }: Sendable,
): Promise<Answer> {
  const { secret, version, webhooksAllowPrivate: allowsPrivate } = deps.config
  const at = deps.now()
  const body = JSON.stringify(payloadOf(delivery))
  const secrets = await signingSecrets(endpoint, { secret, now: at })
  const { url, fault } = publicUrl(endpoint.url, allowsPrivate)
  if (fault !== null) return { ...unsendable, fault: 'address_refused' }
  const headers = {
    'content-type': 'application/json',
    'user-agent': `Octavo-Webhooks/${version}`,
    'accept-encoding': 'identity',
    ...signedHeaders({ id: delivery.eventId, body, at }, secrets),
  }
  return send(host.outgoing, { url: new URL(url), headers, body, signal, allowsPrivate })
}

// Its URL was good when it was stored, and the setting that allowed it has been taken back.
const unsendable = { statusCode: null, durationMs: 0, excerpt: null, retryAfter: undefined }

const attemptOf = ({ statusCode, fault, durationMs, excerpt }: Answer, at: Date) => ({
  at: at.toISOString(),
  status_code: statusCode,
  duration_ms: durationMs,
  error: errorOf({ statusCode, fault }),
  reply_excerpt: excerpt,
})

function errorOf({ statusCode, fault }: Pick<Answer, 'statusCode' | 'fault'>): string | null {
  if (statusCode === null) return fault ?? 'connection_failed'
  if (statusCode >= 200 && statusCode < 300) return null
  return statusCode >= 300 && statusCode < 400 ? 'redirected' : 'status'
}

/** Writes a failed attempt down, before the queue learns of it. @throws {JobFailure} always */
async function fail(
  { deps, job, log }: JobContext,
  of: Delivery,
  { answer, at }: { answer: Answer; at: Date },
): Promise<never> {
  const { statusCode } = answer
  const isGone = statusCode === 410
  const isLast = isGone || job.attempts >= job.attemptsMax
  const disabled = await deps.db.transaction(async (tx) => {
    await holdLease(tx, job)
    const reason = await countFailure(tx, of, isGone)
    const state = isLast || reason ? 'failed' : 'pending'
    await recordAttempt(tx, of, { attempt: attemptOf(answer, at), state })
    if (reason) await recordDisabling(tx, of, { reason, at })
    return reason
  })
  if (disabled) log.warn('A webhook was disabled', { webhook_id: of.endpointId, reason: disabled })
  const code = 'undelivered'
  const message =
    statusCode === null
      ? `There was no answer: ${answer.fault}.`
      : `The receiver answered ${statusCode}.`
  if (isGone || disabled) throw new JobFailure(code, message, true)
  const asksToWait = statusCode === 429 || statusCode === 503
  const waitMs = asksToWait ? retryAfterMs(answer.retryAfter, deps.now()) : null
  throw waitMs === null
    ? new JobFailure(code, message, false)
    : new JobPutOff(code, message, waitMs)
}

/** What was on its way to an endpoint that was disabled. @throws {JobFailure} always */
async function giveUp({ deps, job }: JobContext, of: Delivery): Promise<never> {
  const at = deps.now().toISOString()
  const nothing = { status_code: null, duration_ms: 0, reply_excerpt: null }
  await deps.db.transaction(async (tx: Tx) => {
    await holdLease(tx, job)
    await recordAttempt(tx, of, { attempt: { at, ...nothing, error: 'disabled' }, state: 'failed' })
  })
  throw new JobFailure('undelivered', 'The webhook is disabled.', true)
}
