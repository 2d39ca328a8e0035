import { and, asc, eq, gt, sql } from 'drizzle-orm'
import * as z from 'zod'
import type { Db, Tx } from '../../db/client.ts'
import { channelHeads, channelMembers } from '../../db/schema/index.ts'
import { findVisibleChannel, type Reader } from '../../domain/channels/access.ts'
import { mentionCount, unreadCount } from '../../domain/channels/unread.ts'
import { toPage } from '../_shared/http/pages.ts'
import { AppError } from '../_shared/http/problems.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import type * as contract from './contract-reading.ts'
import { missing, readerOf, toError } from './refusals.ts'

const state = {
  channel_id: channelMembers.channelId,
  read_seq: channelMembers.readSeq,
  last_seq: channelHeads.messageSeq,
  unread_count: unreadCount,
  mention_count: mentionCount,
}

const mine = ({ tenantId, userId }: Reader) =>
  and(eq(channelMembers.tenantId, tenantId), eq(channelMembers.userId, userId))

/** How far the reader has read their channels, in the order of the channels' ids. */
export const listStates = (
  db: Db | Tx,
  reader: Reader,
  { after, only, limit }: { after?: string | null; only?: string; limit: number },
) =>
  db
    .select(state)
    .from(channelMembers)
    .innerJoin(
      channelHeads,
      and(
        eq(channelHeads.tenantId, reader.tenantId),
        eq(channelHeads.channelId, channelMembers.channelId),
      ),
    )
    .where(
      and(
        mine(reader),
        only ? eq(channelMembers.channelId, only) : undefined,
        after ? gt(channelMembers.channelId, after) : undefined,
      ),
    )
    .orderBy(asc(channelMembers.channelId))
    .limit(limit)

export const markHandler =
  ({ db }: Deps): Handler<typeof contract.markRead> =>
  async (c, { json: { channel_id: channelId, seq } }) => {
    const reader = readerOf(c)
    const channel = await findVisibleChannel(db, reader, channelId)
    if (!channel) throw missing()
    if (channel.memberRole === null) throw toError({ reason: 'not_member' }, channelId)
    return c.write(async (tx) => {
      // A mark changes nothing that others see, and so waits for nobody who writes.
      const marked = await tx
        .update(channelMembers)
        .set({ readSeq: seq })
        .where(
          and(
            mine(reader),
            eq(channelMembers.channelId, channelId),
            sql`${seq}::bigint <= (select h.message_seq from channel_heads h
              where h.tenant_id = ${reader.tenantId} and h.channel_id = ${channelId})`,
          ),
        )
        .returning({ seq: channelMembers.readSeq })
      const [shown] = await listStates(tx, reader, { only: channelId, limit: 1 })
      if (!shown) throw missing()
      if (marked.length === 0) throw beyondLast(shown.last_seq)
      return reply(200, shown)
    })
  }

function beyondLast(lastSeq: number): AppError {
  const detail = `The last message of the channel is ${lastSeq}.`
  return new AppError('invalid', detail, {
    errors: [{ in: 'body', pointer: '/seq', code: 'too_big', detail }],
  })
}

export const listUnreadHandler =
  ({ db }: Deps): Handler<typeof contract.listUnread> =>
  async (c, { query: { cursor, limit } }) => {
    const reader = readerOf(c)
    const { cursors, url } = c
    const scope = `${reader.tenantId}|listUnread|${reader.userId}`
    const [after] = cursor ? await cursors.read(scope, cursor, z.tuple([z.uuid()])) : [null]
    const rows = await listStates(db, reader, { after, limit: limit + 1 })
    const position = (row: { channel_id: string }) => [row.channel_id]
    const parts = { rows, limit, position, item: (row: (typeof rows)[number]) => row }
    const page = await toPage({ cursors, scope, url }, parts)
    return reply(200, page.body, { headers: page.headers })
  }
