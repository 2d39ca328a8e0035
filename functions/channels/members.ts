import * as z from 'zod'
import { findVisibleChannel } from '../../domain/channels/access.ts'
import { type Call, identityOf, requireVersion } from '../_shared/http/call.ts'
import { toPage } from '../_shared/http/pages.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import { type Act, actOf, openChannel } from './acting.ts'
import * as contract from './contract-members.ts'
import { findMember, listMemberRows, type SeenMember } from './member-queries.ts'
import { add, changeMember, join, leave, remove } from './membership.ts'
import { missing } from './rules.ts'

/** A channel that the caller sees. @throws {AppError} `not_found` for every other one */
export async function readVisible({ db }: Deps, c: Call, id: string) {
  const channel = await findVisibleChannel(db, identityOf(c.identity), id)
  if (!channel) throw missing()
  return channel
}

const shown = (row: SeenMember) => reply(200, contract.toMember(row), { version: row.version })

const created = (row: SeenMember) => {
  const headers = { Location: `/v1/channels/${row.channelId}/members/${row.userId}` }
  return reply(201, contract.toMember(row), { version: row.version, headers })
}

export const listHandler =
  (deps: Deps): Handler<typeof contract.listMembers> =>
  async (c, { param, query: { cursor, limit, role, name } }) => {
    const channel = await readVisible(deps, c, param.id)
    const { url, cursors } = c
    const scope = JSON.stringify([
      c.tenantId,
      'listMembers',
      channel.id,
      role ?? null,
      name ?? null,
    ])
    const [after] = cursor ? await cursors.read(scope, cursor, z.tuple([z.uuid()])) : [null]
    const rows = await listMemberRows(deps.db, channel, { role, name, after, limit: limit + 1 })
    const position = ({ userId }: SeenMember) => [userId]
    const parts = { rows, limit, position, item: contract.toMember }
    const page = await toPage({ cursors, scope, url }, parts)
    return reply(200, page.body, { headers: page.headers })
  }

export const getHandler =
  (deps: Deps): Handler<typeof contract.getMember> =>
  async (c, { param }) => {
    const channel = await readVisible(deps, c, param.id)
    const member = await findMember(deps.db, channel, param.user_id)
    if (!member) throw missing()
    return shown(member)
  }

export const addHandler =
  ({ now }: Deps): Handler<typeof contract.addMember> =>
  (c, { param, json: { user_id: userId, role } }) =>
    c.write(async (tx) => {
      const act = actOf(tx, c, now())
      return created(await add(act, await openChannel(act, param.id), { userId, role }))
    })

type Path = { id: string; user_id: string }

/** A member in a version that the caller expects, in a channel that they hold. */
async function openMember(act: Act, c: Call, { id, user_id: userId }: Path) {
  const channel = await openChannel(act, id)
  const member = await findMember(act.tx, channel, userId)
  if (!member) throw missing()
  requireVersion(c, member.version)
  return { channel, member }
}

export const changeHandler =
  ({ now }: Deps): Handler<typeof contract.changeMember> =>
  (c, { param, json: change }) =>
    c.write(async (tx) => {
      const act = actOf(tx, c, now())
      const { channel, member } = await openMember(act, c, param)
      return shown(await changeMember(act, channel, { member, change }))
    })

export const removeHandler =
  ({ now }: Deps): Handler<typeof contract.removeMember> =>
  (c, { param }) =>
    c.write(async (tx) => {
      const act = actOf(tx, c, now())
      const { channel, member } = await openMember(act, c, param)
      await remove(act, channel, member)
      return reply(204, null)
    })

export const joinHandler =
  ({ now }: Deps): Handler<typeof contract.joinChannel> =>
  (c, { param }) =>
    c.write(async (tx) => {
      const act = actOf(tx, c, now())
      const { member, isNew } = await join(act, await openChannel(act, param.id))
      return isNew ? created(member) : shown(member)
    })

export const leaveHandler =
  ({ now }: Deps): Handler<typeof contract.leaveChannel> =>
  (c, { param }) =>
    c.write(async (tx) => {
      const act = actOf(tx, c, now())
      const { left, isDeleted } = await leave(act, await openChannel(act, param.id))
      return reply(200, { left, channel_deleted: isDeleted })
    })
