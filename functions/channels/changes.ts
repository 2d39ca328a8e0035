import type { HeldChannel } from '../../domain/channels/access.ts'
import { deleteChannel } from '../../domain/channels/deletion.ts'
import { type Call, requireVersion } from '../_shared/http/call.ts'
import { AppError } from '../_shared/http/problems.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import { type Act, actOf, audit, openChannel, tell } from './acting.ts'
import * as contract from './contract.ts'
import { type ChannelChange, updateChannel } from './queries.ts'
import { requireManager, requireOpen, requireOwner } from './rules.ts'

type Wanted = {
  name?: string | undefined
  topic?: string | undefined
  kind?: 'public' | 'private' | undefined
}

const shown = (row: Parameters<typeof contract.toChannel>[0]) =>
  reply(200, contract.toChannel(row), { version: row.version })

export const changeHandler =
  ({ now }: Deps): Handler<typeof contract.changeChannel> =>
  (c, { param, json }) =>
    c.write(async (tx) => {
      const act = actOf(tx, c, now())
      const channel = await openChannel(act, param.id)
      requireManager(channel, act.caller.role)
      requireVersion(c, channel.version)
      return shown(await change(act, channel, json))
    })

/** Changes what really is another; a repeated change makes no new version. Rights are the caller's to check, but for kind. */
export async function change(act: Act, channel: HeldChannel, wanted: Wanted) {
  requireOpen(channel)
  const { name, topic, kind } = wanted
  const changed: ChannelChange = {
    ...(name === undefined || name === channel.name ? {} : { name }),
    ...(topic === undefined || topic === channel.topic ? {} : { topic }),
    ...(kind === undefined || kind === channel.kind ? {} : { kind }),
  }
  if (changed.kind) requireTurnable(act, channel)
  if (Object.keys(changed).length === 0) return channel
  const saved = await updateChannel(act.tx, channel, { ...changed, updatedAt: act.at })
  const data = { version: saved.version, fields: Object.keys(changed) }
  await tell(act, channel.id, { type: 'channel.changed', subjectId: channel.id, data })
  return saved
}

function requireTurnable({ caller }: Act, channel: HeldChannel): void {
  requireOwner(channel, caller.role)
  if (channel.kind === 'document')
    throw new AppError('conflict', 'A document channel goes with its document.')
  if (channel.kind === 'public' && channel.memberRole !== 'owner')
    throw new AppError('conflict', 'A private channel is its members’ alone: you would lose it.', {
      hint: 'Become one of its owners first: POST /v1/channels/{id}/members.',
    })
}

type Setting = { id: string; isArchived: boolean }

/** @returns the channel, also when it was so already */
export async function setArchived(act: Act, { id, isArchived }: Setting, c?: Call) {
  const channel = await openChannel(act, id)
  requireManager(channel, act.caller.role)
  if (c) requireVersion(c, channel.version)
  if ((channel.archivedAt !== null) === isArchived) return channel
  const archivedAt = isArchived ? act.at : null
  const saved = await updateChannel(act.tx, channel, { archivedAt, updatedAt: act.at })
  const type = isArchived ? 'channel.archived' : 'channel.unarchived'
  await tell(act, id, { type, subjectId: id, data: { version: saved.version } })
  return saved
}

export const archiveHandler =
  ({ now }: Deps, isArchived: boolean): Handler<typeof contract.archiveChannel> =>
  (c, { param: { id } }) =>
    c.write(async (tx) => shown(await setArchived(actOf(tx, c, now()), { id, isArchived }, c)))

export const deleteHandler =
  ({ now }: Deps): Handler<typeof contract.deleteChannel> =>
  (c, { param: { id } }) =>
    c.write(async (tx) => {
      const act = actOf(tx, c, now())
      const channel = await openChannel(act, id)
      requireOwner(channel, act.caller.role)
      requireVersion(c, channel.version)
      const jobId = await deleteChannel(tx, channel, { requestId: c.requestId })
      const { kind, messageSeq: messages } = channel
      const detail = { kind, messages, ...(jobId && { job_id: jobId }) }
      await audit(act, { action: 'channel.deleted', subjectId: id, detail })
      return reply(204, null)
    })
