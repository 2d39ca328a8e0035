import type { MemberRole, Role } from '../../db/schema/index.ts'
import type { HeldChannel } from '../../domain/channels/access.ts'
import { joinChannel } from '../../domain/channels/joining.ts'
import { leaveChannels } from '../../domain/channels/leaving.ts'
import { AppError } from '../_shared/http/problems.ts'
import { type Act, audit, tell } from './acting.ts'
import { countOthers, findMember, type SeenMember, updateMember } from './member-queries.ts'
import { findActiveUsers } from './queries.ts'
import { invalid, requireManager, requireNotDirect, requireOpen, requireOwner } from './rules.ts'

/** The caller joins a channel that they hold and see. */
export async function join(act: Act, channel: HeldChannel) {
  const { tx, caller, at } = act
  const { userId } = caller
  if (channel.memberRole === null) {
    requireOpen(channel)
    await joinChannel(tx, channel, { userId, role: 'member', actorUserId: userId, at })
  }
  return { member: await readMember(act, channel, userId), isNew: channel.memberRole === null }
}

export async function readMember({ tx }: Act, channel: HeldChannel, userId: string) {
  const member = await findMember(tx, channel, userId)
  if (!member) throw new Error('a member of a held channel is gone')
  return member
}

const forbidden = (detail: string): AppError => new AppError('forbidden', detail)

type Adding = { userId: string; role: MemberRole }

/** @throws {AppError} `forbidden`, `conflict`, `duplicate`, `invalid` */
export async function add(act: Act, channel: HeldChannel, { userId, role }: Adding) {
  const { tx, caller, at } = act
  const isOwner = requireManager(channel, caller.role) === 'owner'
  if (!isOwner && isAbove(role)) throw forbidden('Owners alone make others owners or moderators.')
  requireOpen(channel)
  const [user] = await findActiveUsers(tx, caller.tenantId, [userId])
  if (!user) throw invalid('/user_id', 'unknown_user', 'Must be an active user of the tenant.')
  requireFitting(user.role, role)
  const joining = { userId, role, actorUserId: caller.userId, at }
  if (!(await joinChannel(tx, channel, joining)))
    throw new AppError('duplicate', 'They are in the channel already.')
  return readMember(act, channel, userId)
}

const isAbove = (role: MemberRole): boolean => role === 'owner' || role === 'moderator'

function requireFitting(userRole: Role, role: MemberRole): void {
  if (userRole === 'guest' && isAbove(role))
    throw invalid('/role', 'above_guest', 'A guest is a member or an observer.')
}

type Change = { role?: MemberRole | undefined; nickname?: string | null | undefined }

/** @throws {AppError} `forbidden`, `conflict`, `invalid`, or the constraint `channel_members_nickname_is_unique` */
export async function changeMember(
  act: Act,
  channel: HeldChannel,
  { member, change }: { member: SeenMember; change: Change },
): Promise<SeenMember> {
  const { role, nickname } = change
  const { userId } = member
  requireOpen(channel)
  if (role !== undefined) await requireRoleChange(act, channel, { member, role })
  if (nickname !== undefined && userId !== act.caller.userId) requireOwner(channel, act.caller.role)
  const changed = {
    ...(role === undefined || role === member.role ? {} : { role }),
    ...(nickname === undefined || nickname === member.nickname ? {} : { nickname }),
  }
  if (Object.keys(changed).length === 0) return member
  const version = await updateMember(act.tx, channel, { userId, ...changed })
  const data = { version, fields: Object.keys(changed), ...(changed.role ? { role } : {}) }
  await tell(act, channel.id, { type: 'member.changed', subjectId: userId, data })
  return readMember(act, channel, userId)
}

type RoleChange = { member: SeenMember; role: MemberRole }

async function requireRoleChange(act: Act, channel: HeldChannel, { member, role }: RoleChange) {
  requireOwner(channel, act.caller.role)
  requireFitting(member.userRole, role)
  if (member.role !== 'owner' || role === 'owner') return
  const { owners } = await countOthers(act.tx, channel, member.userId)
  if (owners === 0) throw lastOwner('This is the last owner of the channel.')
}

const lastOwner = (detail: string): AppError =>
  new AppError('conflict', detail, {
    hint: 'Make somebody else an owner first: PATCH /v1/channels/{id}/members/{user_id}.',
  })

/** Puts a member out. @throws {AppError} `forbidden`, `conflict` */
export async function remove(act: Act, channel: HeldChannel, member: SeenMember): Promise<void> {
  if (member.userId === act.caller.userId) {
    await leave(act, channel)
    return
  }
  const standing = requireManager(channel, act.caller.role)
  if (standing !== 'owner' && isAbove(member.role))
    throw forbidden('Owners alone put owners and moderators out.')
  if (member.role === 'owner') await requireOtherOwner(act, channel, member.userId)
  await takeOut(act, channel, member.userId)
}

export type Leaving = { left: boolean; isDeleted: boolean }

/** The caller leaves a channel that they hold. @throws {AppError} `forbidden` (direct), `conflict` (last owner) */
export async function leave(act: Act, channel: HeldChannel): Promise<Leaving> {
  requireNotDirect(channel)
  if (channel.memberRole === null) return { left: false, isDeleted: false }
  if (channel.memberRole === 'owner') await requireOtherOwner(act, channel, act.caller.userId)
  return { left: true, isDeleted: await takeOut(act, channel, act.caller.userId) }
}

async function requireOtherOwner({ tx }: Act, channel: HeldChannel, userId: string) {
  const { people, owners } = await countOthers(tx, channel, userId)
  if (owners === 0 && people > 0)
    throw lastOwner('Others are in the channel, and none of them owns it.')
}

/** @returns whether the channel went with its last member */
async function takeOut(act: Act, channel: HeldChannel, userId: string): Promise<boolean> {
  const { tx, caller, at } = act
  const { tenantId, userId: actorUserId } = caller
  const of = { tenantId, userId, actorUserId, channelIds: [channel.id], at }
  const { deletedChannelIds } = await leaveChannels(tx, of)
  const isDeleted = deletedChannelIds.length > 0
  const detail = { kind: channel.kind, messages: channel.messageSeq, reason: 'last_member_left' }
  if (isDeleted) await audit(act, { action: 'channel.deleted', subjectId: channel.id, detail })
  return isDeleted
}
