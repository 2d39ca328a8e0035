import { sql } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import type { Reader, SeenChannel } from '../../domain/channels/access.ts'
import { type PostRefusal, writingRefusal } from '../../domain/channels/posting-rules.ts'
import { type Call, identityOf } from '../_shared/http/call.ts'
import { AppError } from '../_shared/http/problems.ts'

export const missing = (): AppError => new AppError('not_found', 'There is nothing here.')

export const readerOf = (c: Call): Reader => {
  const { tenantId, userId, role } = identityOf(c.identity)
  return { tenantId, userId, role }
}

const invalid = (pointer: string, detail: string): AppError =>
  new AppError('invalid', detail, {
    errors: [{ in: 'body', pointer, code: 'not_found', detail }],
  })

/** What the caller learns of a refusal. */
export function toError(refusal: PostRefusal, channelId: string): AppError {
  switch (refusal.reason) {
    case 'not_found':
      return missing()
    case 'archived':
      return new AppError('conflict', 'The channel is archived.', {
        hint: 'It can be read. Take it out of the archive to write in it.',
      })
    case 'document_trashed':
      return new AppError('conflict', 'The document is in the trash.', {
        hint: 'Restore it first: POST /v1/documents/{id}/restore.',
      })
    case 'observer':
      return new AppError('forbidden', 'An observer reads this channel and does not write in it.', {
        hint: 'Whoever moderates the channel can make you a member.',
      })
    case 'not_member':
      return new AppError('forbidden', 'Only members of this channel can do this.', {
        hint: `Join it first: POST /v1/channels/${channelId}/join.`,
      })
    case 'unknown_reply':
      return invalid('/reply_to_seq', 'The channel has no such message.')
    case 'unknown_document':
      return invalid(
        `/document_ids/${refusal.position}`,
        'There is no such document, or it is in the trash.',
      )
  }
}

/** Fails unless the reader may change something in a held channel. */
export async function requireWriting(tx: Tx, reader: Reader, channel: SeenChannel): Promise<void> {
  const { kind, memberRole, documentId, archivedAt, id } = channel
  const isDocumentTrashed = documentId !== null && (await isTrashed(tx, reader, documentId))
  const place = { kind, isArchived: archivedAt !== null, isDocumentTrashed }
  const refusal = writingRefusal(place, { role: reader.role, memberRole })
  if (refusal) throw toError(refusal, id)
}

async function isTrashed(tx: Tx, { tenantId }: Reader, documentId: string): Promise<boolean> {
  const rows = await tx.execute(sql`select 1 from documents
    where tenant_id = ${tenantId} and id = ${documentId} and trashed_at is not null`)
  return rows.length > 0
}
