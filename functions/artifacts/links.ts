import type { Call } from '../_shared/http/call.ts'
import type { Tx } from '../_shared/http/idempotency.ts'
import { AppError } from '../_shared/http/problems.ts'
import { holdPlace, missing, readerOf } from './place.ts'
import { findChannelOfMessage, holdDocument } from './queries.ts'

/** What an artifact is linked to. */
export type Linked = {
  channelId: string | null
  messageId: string | null
  documentId: string | null
}

type Given = {
  channel_id?: string | undefined
  message_id?: string | undefined
  document_id?: string | undefined
}

export const unlinked = (pointer: string, detail: string): AppError =>
  new AppError('invalid', `body ${pointer}: ${detail}`, {
    errors: [{ in: 'body', pointer, code: 'not_found', detail }],
  })

/**
 * Holds the place of a new artifact. What is of a message is in its channel.
 * @throws {AppError} as {@link holdPlace}; `invalid`: no such message in the channel, or no such document
 */
export async function holdLinked(tx: Tx, c: Call, given: Given): Promise<Linked> {
  const { tenantId, role } = readerOf(c)
  const { channel_id: named, message_id: messageId = null, document_id: documentId = null } = given
  const found = messageId === null ? null : await findChannelOfMessage(tx, tenantId, messageId)
  const channelId = named ?? found
  // The same as for a message in a channel that is not theirs to see.
  if (messageId !== null && channelId === null) throw missing()
  // A guest must not learn which documents there are.
  const noDocument = () => unlinked('/document_id', 'There is no such document.')
  if (documentId !== null && role === 'guest') throw noDocument()
  await holdPlace(tx, c, { channelId, documentId })
  if (messageId !== null && found !== channelId)
    throw unlinked('/message_id', 'There is no such message in the channel.')
  if (documentId !== null && !(await holdDocument(tx, tenantId, documentId))) throw noDocument()
  return { channelId, messageId, documentId }
}
