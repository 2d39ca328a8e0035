import { type ArtifactRow, findVisibleArtifact } from '../../domain/artifacts/access.ts'
import { holdArtifact } from '../../domain/artifacts/versions.ts'
import { type HeldChannel, holdChannel, type Reader } from '../../domain/channels/access.ts'
import { writingRefusal } from '../../domain/channels/posting-rules.ts'
import { includesRights } from '../_shared/access/roles.ts'
import { type Call, identityOf, requireVersion } from '../_shared/http/call.ts'
import type { Tx } from '../_shared/http/idempotency.ts'
import { AppError } from '../_shared/http/problems.ts'
import { findTrashed } from './queries.ts'

export const missing = (): AppError => new AppError('not_found', 'There is nothing here.')

export const readerOf = (c: Call): Reader => {
  const { tenantId, userId, role } = identityOf(c.identity)
  return { tenantId, userId, role }
}

type Place = { channelId: string | null; documentId: string | null }

const refusals: Record<string, () => AppError> = {
  archived: () => new AppError('conflict', 'The channel is archived.'),
  document_trashed: () => new AppError('conflict', 'The document is in the trash.'),
  observer: () => new AppError('forbidden', 'An observer reads, and does not write.'),
  not_member: () =>
    new AppError('forbidden', 'Only members write in this channel.', { hint: 'Join it first.' }),
}

/**
 * Holds the channel in which something is to be changed, and asks whether the caller may change anything there now.
 * @returns `null` outside channels
 * @throws {AppError} `not_found`, `forbidden`, `conflict`
 */
export async function holdPlace(
  tx: Tx,
  c: Call,
  { channelId, documentId }: Place,
): Promise<HeldChannel | null> {
  const reader = readerOf(c)
  const channel = channelId === null ? null : await holdChannel(tx, reader, channelId)
  if (channelId !== null && !channel) throw missing()
  const trashed = await findTrashed(tx, c.tenantId, [documentId, channel?.documentId ?? null])
  if (channel) refuseWriting(channel, reader, trashed)
  else if (!includesRights(reader.role, 'editor'))
    throw new AppError('forbidden', 'Outside channels, editors alone change artifacts.')
  if (documentId !== null && trashed.has(documentId)) throw refusals.document_trashed?.()
  return channel
}

function refuseWriting(channel: HeldChannel, reader: Reader, trashed: ReadonlySet<string>): void {
  const { kind, archivedAt, documentId, memberRole } = channel
  const isDocumentTrashed = documentId !== null && trashed.has(documentId)
  const place = { kind, isArchived: archivedAt !== null, isDocumentTrashed }
  const refusal = writingRefusal(place, { role: reader.role, memberRole })
  if (refusal) throw refusals[refusal.reason]?.() ?? missing()
}

export type Opened = { artifact: ArtifactRow; channel: HeldChannel | null }

/**
 * The artifact to change, held behind its channel, in a version that the caller expects.
 * @throws {AppError} as {@link holdPlace}, and `stale_version`
 */
export async function openArtifact(tx: Tx, c: Call, id: string): Promise<Opened> {
  const seen = await findVisibleArtifact(tx, readerOf(c), id)
  if (!seen) throw missing()
  const channel = await holdPlace(tx, c, seen)
  const artifact = await holdArtifact(tx, seen)
  if (!artifact) throw missing()
  return { artifact, channel }
}

/** The same, with `If-Match` asked of the artifact itself. */
export async function openExpected(tx: Tx, c: Call, id: string): Promise<Opened> {
  const opened = await openArtifact(tx, c, id)
  requireVersion(c, opened.artifact.version)
  return opened
}

/** May the caller take away what somebody else made here? */
export function moderates(c: Call, channel: HeldChannel | null): boolean {
  const isAdmin = readerOf(c).role === 'admin'
  if (!channel) return isAdmin
  const isOpen = channel.kind === 'public' || channel.kind === 'document'
  if (isAdmin && isOpen) return true
  return channel.memberRole === 'owner' || channel.memberRole === 'moderator'
}
