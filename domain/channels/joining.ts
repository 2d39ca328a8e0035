import type { Tx } from '../../db/client.ts'
import { channelMembers, type MemberRole } from '../../db/schema/index.ts'
import type { HeldChannel } from './access.ts'
import { appendChannelEvents } from './events.ts'

export type MemberRow = typeof channelMembers.$inferSelect

type Join = { userId: string; role: MemberRole; actorUserId: string; at: Date }

/**
 * Makes somebody a member of a held channel; what was said before counts as read by them.
 * @returns `null`: they are one already, and stay what they are
 * @throws the constraint `channel_members_user_exists`
 */
export async function joinChannel(
  tx: Tx,
  { tenantId, id: channelId, messageSeq }: Pick<HeldChannel, 'tenantId' | 'id' | 'messageSeq'>,
  { userId, role, actorUserId, at }: Join,
): Promise<MemberRow | null> {
  const [row] = await tx
    .insert(channelMembers)
    .values({ tenantId, channelId, userId, role, readSeq: messageSeq, joinedAt: at })
    .onConflictDoNothing({
      target: [channelMembers.tenantId, channelMembers.channelId, channelMembers.userId],
    })
    .returning()
  if (!row) return null
  const event = { type: 'member.joined', subjectId: userId, actorUserId, data: { role } } as const
  await appendChannelEvents(tx, { tenantId, channelId, events: [event], at })
  return row
}
