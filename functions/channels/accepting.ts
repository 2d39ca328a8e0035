import { and, eq } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import type { Tx } from '../../db/client.ts'
import { channelHeads, channels } from '../../db/schema/index.ts'
import { appendAudit } from '../../domain/audit/append.ts'
import { joinChannel } from '../../domain/channels/joining.ts'
import { insertGuest } from '../../domain/identity/guests.ts'
import { equalBytes, hashSecret, newKey } from '../_shared/access/keys.ts'
import { linkFailure } from '../_shared/access/link-failures.ts'
import { type LinkToken, parseToken } from '../_shared/access/link-tokens.ts'
import { type Call, identityOf } from '../_shared/http/call.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import { toChannel } from './contract.ts'
import type * as contract from './contract-invites.ts'
import { toMember } from './contract-members.ts'
import { findOpenInvite, type OpenInvite, useInvite } from './invite-queries.ts'
import { findMember } from './member-queries.ts'
import { requireOpen } from './rules.ts'

/** Thrown inside the transaction, so that nothing of it stays; answered, and counted, outside of it. */
class ClosedInvite extends Error {}

type Accepting<R> = (invite: OpenInvite, token: LinkToken) => Promise<R>

/** @throws {AppError} the same `not_found` for whatever lets nobody in; `rate_limited` after many of those */
async function accepting<R>(
  { db, redis, now }: Deps,
  c: Call,
  { text, work }: { text: string; work: Accepting<R> },
): Promise<R> {
  const token = parseToken(text)
  const found = token && (await findOpenInvite(db, { ...token, at: now() }))
  const isRight = found && equalBytes(await hashSecret(token.secret), found.secretSha256)
  if (!isRight) throw await linkFailure(redis.limits, c, { kind: 'invite' })
  try {
    return await work(found, token)
  } catch (err) {
    if (err instanceof ClosedInvite) throw await linkFailure(redis.limits, c, { kind: 'invite' })
    throw err
  }
}

type Holding = { tenantId: string; invite: OpenInvite; at: Date }

/** Holds the channel of an invite, and reads the invite again: it may have been revoked until then. */
async function holdInvited(tx: Tx, { tenantId, invite, at }: Holding) {
  const [head] = await tx
    .select({ messageSeq: channelHeads.messageSeq })
    .from(channelHeads)
    .where(and(eq(channelHeads.tenantId, tenantId), eq(channelHeads.channelId, invite.channelId)))
    .for('update')
  const [channel] = await tx
    .select()
    .from(channels)
    .where(and(eq(channels.tenantId, tenantId), eq(channels.id, invite.channelId)))
  const isOpen = await findOpenInvite(tx, { tenantId, id: invite.id, at })
  if (!head || !channel || !isOpen) throw new ClosedInvite()
  return { ...channel, ...head }
}

async function use(tx: Tx, tenantId: string, { id }: OpenInvite): Promise<void> {
  if (!(await useInvite(tx, tenantId, id))) throw new ClosedInvite()
}

export const acceptHandler =
  (deps: Deps): Handler<typeof contract.acceptInvite> =>
  (c, { json }) =>
    accepting(deps, c, {
      text: json.token,
      work: (invite, token) => c.write((tx) => accept(tx, c, { ...token, invite, at: deps.now() })),
    })

async function accept(tx: Tx, c: Call, holding: Holding) {
  const { tenantId, userId, role: keyRole } = identityOf(c.identity)
  const { invite, at } = holding
  const isForThem = holding.tenantId === tenantId && (keyRole !== 'guest' || invite.allowGuests)
  if (!isForThem) throw new ClosedInvite()
  const channel = await holdInvited(tx, holding)
  const known = await findMember(tx, channel, userId)
  if (!known) {
    requireOpen(channel)
    await use(tx, tenantId, invite)
    await joinChannel(tx, channel, { userId, role: invite.role, actorUserId: userId, at })
  }
  const member = known ?? (await findMember(tx, channel, userId))
  if (!member) throw new Error('a new member is not there')
  return reply(200, { channel: toChannel(channel), member: toMember(member) })
}

export const acceptAsGuestHandler =
  (deps: Deps): Handler<typeof contract.acceptAsGuest> =>
  (c, { json: { token: text, display_name: displayName } }) =>
    accepting(deps, c, {
      text,
      work: async (invite, { tenantId }) => {
        if (!invite.allowGuests) throw new ClosedInvite()
        const keyId = uuidv7()
        const { text: key, secretSha256 } = await newKey(keyId)
        const guest = { displayName, keyId, secretSha256 }
        const holding = { tenantId, invite, at: deps.now() }
        return c.write(async (tx) => {
          const guestIn = await letIn(tx, c, { ...holding, guest })
          const headers = { 'Cache-Control': 'no-store' }
          return reply(201, { ...guestIn, key }, { headers })
        })
      },
    })

type NewGuest = { displayName: string; keyId: string; secretSha256: Uint8Array }

async function letIn(tx: Tx, c: Call, { guest, ...holding }: Holding & { guest: NewGuest }) {
  const { tenantId, invite, at } = holding
  const channel = await holdInvited(tx, holding)
  requireOpen(channel)
  await use(tx, tenantId, invite)
  const { displayName, keyId: id, secretSha256 } = guest
  const expiresAt = new Date(at.getTime() + invite.guestSeconds * 1000)
  const key = { id, name: 'Key of a guest', secretSha256, expiresAt }
  const { user } = await insertGuest(tx, { tenantId, displayName, key }, at)
  const joining = { userId: user.id, role: invite.role, actorUserId: user.id, at }
  await joinChannel(tx, channel, joining)
  const member = await findMember(tx, channel, user.id)
  if (!member) throw new Error('a new member is not there')
  await auditGuest(tx, c, { ...holding, userId: user.id, keyId: id, expiresAt })
  return {
    user_id: user.id,
    key_expires_at: expiresAt.toISOString(),
    channel: toChannel(channel),
    member: toMember(member),
  }
}

type Made = Holding & { userId: string; keyId: string; expiresAt: Date }

async function auditGuest(tx: Tx, c: Call, { tenantId, invite, at, ...made }: Made) {
  const { userId, keyId, expiresAt } = made
  const of = { tenantId, actor: { userId, keyId }, requestId: c.requestId, at }
  const by = { role: 'guest', channel_id: invite.channelId, invite_id: invite.id }
  const detail = { user_id: userId, role: 'guest', expires_at: expiresAt.toISOString() }
  const user = { subjectType: 'user', subjectId: userId, action: 'user.created', detail: by }
  await appendAudit(tx, { ...of, ...user })
  const key = { subjectType: 'key', subjectId: keyId, action: 'key.created', detail }
  await appendAudit(tx, { ...of, ...key })
}
