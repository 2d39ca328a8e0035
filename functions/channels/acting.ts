import type { Tx } from '../../db/client.ts'
import { appendAudit } from '../../domain/audit/append.ts'
import { type HeldChannel, holdChannel } from '../../domain/channels/access.ts'
import { appendChannelEvents, type ChannelEvent } from '../../domain/channels/events.ts'
import { type Call, type Identity, identityOf } from '../_shared/http/call.ts'
import { missing } from './rules.ts'

/** Somebody at work in one transaction. */
export type Act = { tx: Tx; caller: Identity; requestId: string; at: Date }

export const actOf = (tx: Tx, c: Call, at: Date): Act => ({
  ...{ tx, caller: identityOf(c.identity), requestId: c.requestId, at },
})

/** Holds a channel that the caller sees. @throws {AppError} `not_found` for every other one */
export async function openChannel({ tx, caller }: Act, id: string): Promise<HeldChannel> {
  const channel = await holdChannel(tx, caller, id)
  if (!channel) throw missing()
  return channel
}

/** Appends events of the caller to a channel that they hold. */
export async function tell(
  { tx, caller, at }: Act,
  channelId: string,
  ...events: Omit<ChannelEvent, 'actorUserId'>[]
): Promise<void> {
  const { tenantId, userId: actorUserId } = caller
  const of = events.map((event) => ({ ...event, actorUserId }))
  await appendChannelEvents(tx, { tenantId, channelId, events: of, at })
}

type Audited = {
  action: string
  subjectType?: string
  subjectId: string
  detail: Record<string, unknown>
}

/** Audits what the caller did to a channel or something of it; the last statement of its transaction. */
export async function audit({ tx, caller, requestId, at }: Act, audited: Audited): Promise<void> {
  const { tenantId, userId, keyId } = caller
  const of = { tenantId, subjectType: 'channel', actor: { userId, keyId }, requestId, at }
  await appendAudit(tx, { ...of, ...audited })
}
