import { type SQL, sql } from 'drizzle-orm'
import * as z from 'zod'
import type { Db } from '../../db/client.ts'
import { findVisibleChannel, type Reader } from '../../domain/channels/access.ts'
import type { Call } from '../_shared/http/call.ts'
import { AppError } from '../_shared/http/problems.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import type * as contract from './contract.ts'
import { messageColumns } from './queries.ts'
import { missing, readerOf } from './refusals.ts'
import { type MessageRow, toMessage } from './representation.ts'

const sides = ['older', 'newer', 'both'] as const
/** Where a page begins: at the gap before the message with this `seq`, and which way it goes from there. */
type Start = { pivot: number; side: (typeof sides)[number] }
type Query = z.output<typeof contract.listMessages.input.query>

const Position = z.tuple([z.int(), z.enum(['older', 'newer'])])

export const listHandler =
  ({ db }: Deps): Handler<typeof contract.listMessages> =>
  async (c, { query }) => {
    const reader = readerOf(c)
    if (!(await findVisibleChannel(db, reader, query.channel_id))) throw missing()
    const { cursor, limit, ...filter } = query
    const scope = JSON.stringify([reader.tenantId, 'listMessages', Object.entries(filter).sort()])
    const start = cursor ? await startOf(c, scope, cursor) : givenStart(query)
    const found = await readAround(db, reader, { ...start, filter: query, limit })
    const page = cut(found, { ...start, limit })
    const isOldestFirst = query.after_seq !== undefined
    const write = (position: readonly unknown[] | null) =>
      position && c.cursors.write(scope, position)
    const [older, newer] = await Promise.all([write(page.older), write(page.newer)])
    const items = (isOldestFirst ? page.rows.toReversed() : page.rows).map(toMessage)
    const next = isOldestFirst ? newer : older
    const previous = isOldestFirst ? older : newer
    const links = { next, prev: previous }
    return reply(200, { items, next_cursor: next, prev_cursor: previous }, linkHeader(c.url, links))
  }

async function startOf(c: Call, scope: string, cursor: string): Promise<Start> {
  const [pivot, side] = await c.cursors.read(scope, cursor, Position)
  return { pivot, side }
}

/** @throws {AppError} `invalid` when two starts are given */
function givenStart({ before_seq, after_seq, around_seq }: Query): Start {
  const given = [before_seq, after_seq, around_seq].filter((seq) => seq !== undefined)
  if (given.length > 1)
    throw new AppError('invalid', 'Give one of before_seq, after_seq and around_seq.')
  if (before_seq !== undefined) return { pivot: before_seq, side: 'older' }
  if (after_seq !== undefined) return { pivot: after_seq + 1, side: 'newer' }
  if (around_seq !== undefined) return { pivot: around_seq + 1, side: 'both' }
  return { pivot: Number.MAX_SAFE_INTEGER, side: 'older' }
}

type Around = Start & { filter: Query; limit: number }
/** Both nearest first. */
type Found = { older: MessageRow[]; newer: MessageRow[] }

/** One row more than a page on the side it goes to; one row of the other side says that there is one. */
async function readAround(db: Db, reader: Reader, { pivot, side, filter, limit }: Around) {
  const rows = await db.execute<MessageRow>(sql`
    with near as (
      (select ${nearColumns} from messages m where ${matching(reader, filter)} and m.seq < ${pivot}
        order by m.seq desc limit ${side === 'newer' ? 1 : limit + 1})
      union all
      (select ${nearColumns} from messages m where ${matching(reader, filter)} and m.seq >= ${pivot}
        order by m.seq limit ${side === 'older' ? 1 : limit + 1})
    )
    select ${messageColumns(reader)} from near m order by m.seq desc`)
  const isOlder = ({ seq }: MessageRow) => Number(seq) < pivot
  const newer = rows.filter((row) => !isOlder(row)).toReversed()
  return { older: rows.filter(isOlder), newer }
}

const nearColumns = sql`m.id, m.channel_id, m.seq, m.kind, m.author_user_id, m.author_name, m.text,
  m.reply_to_seq, m.mentions_all, m.has_attachments, m.version, m.created_at, m.edited_at, m.deleted_at`

function matching({ tenantId }: Reader, filter: Query): SQL {
  const { author_id: author, reply_to_seq: answered } = filter
  return sql.join(
    [
      sql`m.tenant_id = ${tenantId} and m.channel_id = ${filter.channel_id}`,
      ...(author === undefined ? [] : [sql`m.author_user_id = ${author}`]),
      ...(answered === undefined ? [] : [sql`m.reply_to_seq = ${answered}`]),
      ...(filter.has_attachment ? [sql`m.has_attachments`] : []),
    ],
    sql` and `,
  )
}

/** The rows of a page, newest first, and where the pages before and behind it begin. */
function cut({ older, newer }: Found, { pivot, side, limit }: Start & { limit: number }) {
  const [olderMax, newerMax] = shares(side, { limit, older: older.length, newer: newer.length })
  const rows = [...newer.slice(0, newerMax).toReversed(), ...older.slice(0, olderMax)]
  const [newest, oldest] = [Number(rows[0]?.seq ?? pivot - 1), Number(rows.at(-1)?.seq ?? pivot)]
  return {
    rows,
    older: older.length > olderMax ? ([oldest, 'older'] as const) : null,
    newer: newer.length > newerMax ? ([newest + 1, 'newer'] as const) : null,
  }
}

type Counts = { limit: number; older: number; newer: number }

/** How many rows of either side a page shows. In the middle of a channel both sides get a half. */
function shares(side: Start['side'], { limit, older, newer }: Counts): [number, number] {
  if (side === 'older') return [limit, 0]
  if (side === 'newer') return [0, limit]
  const half = Math.ceil(limit / 2)
  const olderMax = Math.max(half, limit - newer)
  return [olderMax, limit - Math.min(older, olderMax)]
}

function linkHeader(url: URL, cursors: Record<'next' | 'prev', string | null>) {
  const links = Object.entries(cursors).flatMap(([rel, cursor]) => {
    if (cursor === null) return []
    const to = new URL(url)
    to.searchParams.set('cursor', cursor)
    return [`<${to.pathname}${to.search}>; rel="${rel}"`]
  })
  return { headers: links.length > 0 ? { Link: links.join(', ') } : {} }
}
