import type { Tx } from '../../db/client.ts'
import type { Reader } from '../../domain/channels/access.ts'
import { isManager, standingOf } from '../../domain/channels/rights.ts'
import { requireVersion } from '../_shared/http/call.ts'
import { AppError } from '../_shared/http/problems.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import { bury, saveText } from './change-queries.ts'
import type * as contract from './contract.ts'
import { requireSomething } from './posting.ts'
import { findMessage, type HeldMessage, holdMessage } from './queries.ts'
import { missing, readerOf, requireWriting } from './refusals.ts'
import { toMessage } from './representation.ts'

/** A message as it is now, for a reply. @throws {AppError} `not_found` */
export async function shownMessage(tx: Tx, reader: Reader, id: string) {
  const row = await findMessage(tx, reader, id)
  if (!row) throw missing()
  return toMessage(row)
}

/** Holds a message in a channel in which the reader may change something. @throws {AppError} */
export async function holdChangeable(tx: Tx, reader: Reader, id: string): Promise<HeldMessage> {
  const held = await holdMessage(tx, reader, id)
  if (!held) throw missing()
  await requireWriting(tx, reader, held.channel)
  return held
}

export const refuseDeleted = ({ message }: HeldMessage): void => {
  if (message.deletedAt !== null) throw new AppError('conflict', 'The message is deleted.')
}

export const changeHandler =
  ({ now }: Deps): Handler<typeof contract.changeMessage> =>
  (c, { param: { id }, json: { text } }) => {
    const reader = readerOf(c)
    return c.write(async (tx) => {
      const held = await holdChangeable(tx, reader, id)
      const { message } = held
      if (message.authorUserId !== reader.userId)
        throw new AppError('forbidden', 'Only its author changes a message.')
      refuseDeleted(held)
      requireVersion(c, message.version)
      requireSomething(text, message.hasAttachments)
      if (text !== message.text) await saveText(tx, held, { text, reader, at: now() })
      const shown = await shownMessage(tx, reader, id)
      return reply(200, shown, { version: shown.version })
    })
  }

export const deleteHandler =
  ({ now }: Deps): Handler<typeof contract.deleteMessage> =>
  (c, { param: { id } }) => {
    const reader = readerOf(c)
    return c.write(async (tx) => {
      const held = await holdChangeable(tx, reader, id)
      const { message, channel } = held
      const isAuthor = message.authorUserId === reader.userId
      if (!isAuthor && !isManager(standingOf(channel, reader.role)))
        throw new AppError(
          'forbidden',
          'Its author deletes a message, or who moderates the channel.',
        )
      if (message.deletedAt !== null) return reply(204, null)
      requireVersion(c, message.version)
      await bury(tx, held, { reader, at: now() })
      return reply(204, null)
    })
  }
