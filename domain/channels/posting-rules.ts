import type { ChannelKind, MemberRole, Role } from '../../db/schema/index.ts'

/** Why a message was not posted; nothing of it was written. */
export type PostRefusal =
  | { reason: 'not_found' } // no such channel for them
  | { reason: 'archived' | 'document_trashed' } // nobody writes here now
  | { reason: 'observer' | 'not_member' } // they do not
  | { reason: 'unknown_reply' }
  | { reason: 'unknown_document'; position: number }

type Place = { kind: ChannelKind; isArchived: boolean; isDocumentTrashed: boolean }
type Author = { role: Role; memberRole: MemberRole | null }

const isOpenTo = (kind: ChannelKind, role: Role): boolean =>
  role !== 'guest' && (kind === 'public' || kind === 'document')

/** May they change something in the channel? `null`: yes. */
export function writingRefusal(place: Place, { role, memberRole }: Author): PostRefusal | null {
  const isOpen = isOpenTo(place.kind, role)
  if (memberRole === null && !isOpen) return { reason: 'not_found' }
  if (place.isArchived) return { reason: 'archived' }
  if (place.isDocumentTrashed) return { reason: 'document_trashed' }
  if (isOpen && role === 'admin') return null
  if (memberRole === 'observer') return { reason: 'observer' }
  if (memberRole === null && place.kind === 'public') return { reason: 'not_member' }
  return null
}
