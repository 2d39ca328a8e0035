import * as z from 'zod'
import { time } from '../../db/raw-rows.ts'
import { type ClientApp, newApp } from '../_shared/http/app.ts'
import { etagOf } from '../_shared/http/etag.ts'
import { toPage } from '../_shared/http/pages.ts'
import { reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import { attachmentHandler } from './attachments.ts'
import { changeHandler, deleteHandler } from './changes.ts'
import * as contract from './contract.ts'
import * as reading from './contract-reading.ts'
import { listHandler } from './history.ts'
import { postHandler } from './posting.ts'
import { findMessage, findSeen, listVersionRows, type VersionRow } from './queries.ts'
import { addHandler, listReactionsHandler, removeHandler } from './reactions.ts'
import { listUnreadHandler, markHandler } from './read-state.ts'
import { missing, readerOf } from './refusals.ts'
import { type MessageBody, toMessage } from './representation.ts'

/** What is said in channels: history, mentions, reactions, attachments, and what is unread of it. */
export const createApp = (deps: Deps) => {
  const { db } = deps
  return newApp(deps, { name: 'messages', summary: 'What is said in channels.' })
    .on(contract.postMessage, postHandler(deps))
    .on(contract.listMessages, listHandler(deps))
    .on(reading.listUnread, listUnreadHandler(deps))
    .on(reading.markRead, markHandler(deps))
    .on(contract.getMessage, async (c, { param }) => {
      const row = await findMessage(db, readerOf(c), param.id)
      if (!row) throw missing()
      const message = toMessage(row)
      return reply(200, message, tagged(message))
    })
    .on(contract.changeMessage, changeHandler(deps))
    .on(contract.deleteMessage, deleteHandler(deps))
    .on(contract.listVersions, async (c, { param: { id }, query: { cursor, limit } }) => {
      const reader = readerOf(c)
      if (!(await findSeen(db, reader, id))) throw missing()
      const { cursors, url } = c
      const scope = `${reader.tenantId}|listMessageVersions|${id}`
      const [before] = cursor ? await cursors.read(scope, cursor, z.tuple([z.int()])) : [null]
      const rows = await listVersionRows(db, { reader, id, before, limit: limit + 1 })
      const item = (row: VersionRow) => ({ ...row, at: time(row.at).toISOString() })
      const position = ({ number }: VersionRow) => [number]
      const page = await toPage({ cursors, scope, url }, { rows, limit, position, item })
      return reply(200, page.body, { headers: page.headers })
    })
    .on(reading.listReactions, listReactionsHandler(deps))
    .on(reading.addReaction, addHandler(deps))
    .on(reading.removeReaction, removeHandler(deps))
    .on(reading.getAttachment, attachmentHandler(deps))
}

// Names, signs of people who go, and the state of documents change without the message: what shows them is never "unchanged".
const tagged = ({ version, mentions, attachments, reactions }: MessageBody) =>
  mentions.length + attachments.length + reactions.length > 0
    ? { headers: { ETag: etagOf(version) } }
    : { version }

export type MessagesApp = ClientApp<ReturnType<typeof createApp>>
