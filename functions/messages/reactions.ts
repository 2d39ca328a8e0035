import * as z from 'zod'
import { time } from '../../db/raw-rows.ts'
import { toPage } from '../_shared/http/pages.ts'
import { AppError } from '../_shared/http/problems.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import { holdChangeable, refuseDeleted, shownMessage } from './changes.ts'
import type * as contract from './contract-reading.ts'
import { knownEmoji } from './emoji.ts'
import { findSeen } from './queries.ts'
import { addSign, listSigns, removeSign, type SignRow } from './reaction-queries.ts'
import { missing, readerOf } from './refusals.ts'

function requireEmoji(text: string): string {
  const emoji = knownEmoji(text)
  if (emoji !== null) return emoji
  throw new AppError('invalid', 'This is no emoji.', {
    hint: 'Send one emoji, percent-encoded, or a name like :shipit: of letters, digits, "_", "+" and "-".',
  })
}

export const addHandler =
  ({ now }: Deps): Handler<typeof contract.addReaction> =>
  (c, { param: { id, emoji: given } }) => {
    const reader = readerOf(c)
    return c.write(async (tx) => {
      const held = await holdChangeable(tx, reader, id)
      refuseDeleted(held)
      const emoji = requireEmoji(given)
      if (!(await addSign(tx, held, { reader, emoji, at: now() })))
        throw new AppError('conflict', 'The message bears 50 different signs already.')
      const shown = await shownMessage(tx, reader, id)
      return reply(200, shown, { version: shown.version })
    })
  }

export const removeHandler =
  ({ now }: Deps): Handler<typeof contract.removeReaction> =>
  (c, { param: { id, emoji: given } }) => {
    const reader = readerOf(c)
    return c.write(async (tx) => {
      const held = await holdChangeable(tx, reader, id)
      await removeSign(tx, held, { reader, emoji: requireEmoji(given), at: now() })
      return reply(204, null)
    })
  }

export const listReactionsHandler =
  ({ db }: Deps): Handler<typeof contract.listReactions> =>
  async (c, { param: { id }, query: { cursor, limit } }) => {
    const reader = readerOf(c)
    if (!(await findSeen(db, reader, id))) throw missing()
    const { cursors, url } = c
    const scope = `${reader.tenantId}|listReactions|${id}`
    const position = z.tuple([z.string(), z.uuid()])
    const after = cursor ? await cursors.read(scope, cursor, position) : null
    const rows = await listSigns(db, { reader, id, after, limit: limit + 1 })
    const item = (row: SignRow) => ({ ...row, at: time(row.at).toISOString() })
    const positionOf = (row: SignRow) => [row.emoji, row.user_id]
    const page = await toPage({ cursors, scope, url }, { rows, limit, position: positionOf, item })
    return reply(200, page.body, { headers: page.headers })
  }
