import type { MemberRole, Role } from '../../db/schema/index.ts'
import type { SeenChannel } from './access.ts'

/**
 * What the reader may do in a channel that they see: their role in it, or an owner's for an admin of the tenant where the
 * channel is everybody's. `null`: a reader who has not joined.
 */
export function standingOf(
  { kind, memberRole }: Pick<SeenChannel, 'kind' | 'memberRole'>,
  role: Role,
): MemberRole | null {
  if (role === 'admin' && (kind === 'public' || kind === 'document')) return 'owner'
  return memberRole
}

/** May they change the channel, and who is in it? */
export const isManager = (standing: MemberRole | null): boolean =>
  standing === 'owner' || standing === 'moderator'
