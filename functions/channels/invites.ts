import { uuidv7 } from 'uuidv7'
import * as z from 'zod'
import type { SeenChannel } from '../../domain/channels/access.ts'
import { newToken } from '../_shared/access/link-tokens.ts'
import { type Call, identityOf, requireVersion } from '../_shared/http/call.ts'
import { toPage } from '../_shared/http/pages.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import { actOf, audit, openChannel } from './acting.ts'
import * as contract from './contract-invites.ts'
import { deleteInvite, findInvite, insertInvite, listInviteRows } from './invite-queries.ts'
import { readVisible } from './members.ts'
import { missing, requireManager, requireOpen } from './rules.ts'

/** Nothing but its uses ever changes of an invite. */
const versionOf = ({ uses }: { uses: number }): number => uses + 1

export const createHandler =
  ({ now }: Deps): Handler<typeof contract.createInvite> =>
  async (c, { param, json }) => {
    const { tenantId, userId } = identityOf(c.identity)
    const [id, createdAt] = [uuidv7(), now()]
    const { text, secretSha256 } = await newToken(tenantId, id)
    const row = {
      ...{ tenantId, id, channelId: param.id, secretSha256, createdByUserId: userId, createdAt },
      ...{ role: json.role, allowGuests: json.allow_guests, usesMax: json.uses_max },
      guestSeconds: json.guest_key_seconds,
      expiresAt: new Date(createdAt.getTime() + json.expires_in_seconds * 1000),
    }
    return c.write(async (tx) => {
      const act = actOf(tx, c, createdAt)
      const channel = await openChannel(act, param.id)
      requireManager(channel, act.caller.role)
      requireOpen(channel)
      const invite = contract.toInvite(await insertInvite(tx, row))
      const detail = { channel_id: param.id, allow_guests: row.allowGuests, role: row.role }
      await audit(act, { action: 'invite.created', subjectType: 'invite', subjectId: id, detail })
      const headers = { Location: `/v1/channels/${param.id}/invites/${id}` }
      return reply(201, { ...invite, token: text }, { headers, version: versionOf(invite) })
    })
  }

async function readManaged(deps: Deps, c: Call, id: string): Promise<SeenChannel> {
  const channel = await readVisible(deps, c, id)
  requireManager(channel, identityOf(c.identity).role)
  return channel
}

export const listHandler =
  (deps: Deps): Handler<typeof contract.listInvites> =>
  async (c, { param, query: { cursor, limit } }) => {
    const { tenantId, id: channelId } = await readManaged(deps, c, param.id)
    const { url, cursors } = c
    const scope = JSON.stringify([tenantId, 'listInvites', channelId])
    const [before] = cursor ? await cursors.read(scope, cursor, z.tuple([z.uuid()])) : [null]
    const of = { before, limit: limit + 1 }
    const rows = await listInviteRows(deps.db, { tenantId, channelId }, of)
    const position = ({ id }: { id: string }) => [id]
    const parts = { rows, limit, position, item: contract.toInvite }
    const page = await toPage({ cursors, scope, url }, parts)
    return reply(200, page.body, { headers: page.headers })
  }

export const getHandler =
  (deps: Deps): Handler<typeof contract.getInvite> =>
  async (c, { param }) => {
    const { tenantId, id: channelId } = await readManaged(deps, c, param.id)
    const invite = await findInvite(deps.db, { tenantId, channelId }, param.invite_id)
    if (!invite) throw missing()
    return reply(200, contract.toInvite(invite), { version: versionOf(invite) })
  }

export const revokeHandler =
  ({ now }: Deps): Handler<typeof contract.revokeInvite> =>
  (c, { param }) =>
    c.write(async (tx) => {
      const act = actOf(tx, c, now())
      const channel = await openChannel(act, param.id)
      requireManager(channel, act.caller.role)
      const place = { tenantId: channel.tenantId, channelId: channel.id }
      const invite = await findInvite(tx, place, param.invite_id)
      if (!invite) throw missing()
      requireVersion(c, versionOf(invite))
      await deleteInvite(tx, place, param.invite_id)
      const subject = { subjectType: 'invite', subjectId: param.invite_id }
      const detail = { channel_id: channel.id }
      await audit(act, { action: 'invite.revoked', ...subject, detail })
      return reply(204, null)
    })
