import { sql } from 'drizzle-orm'
import type { Db, Tx } from '../../db/client.ts'
import type { Reader } from '../../domain/channels/access.ts'
import { tell } from './change-queries.ts'
import type { HeldMessage } from './queries.ts'

const distinctMax = 50

type Sign = { reader: Reader; emoji: string; at: Date }

/** @returns `false`: the message bears as many different signs as it may */
export async function addSign(tx: Tx, held: HeldMessage, sign: Sign): Promise<boolean> {
  const { reader, emoji, at } = sign
  const { id } = held.message
  const [there] = await tx.execute<{ mine: boolean; known: boolean; count: number }>(sql`
    select coalesce(bool_or(emoji = ${emoji} and user_id = ${reader.userId}), false) as mine,
      coalesce(bool_or(emoji = ${emoji}), false) as known, count(distinct emoji)::int as count
    from message_reactions where tenant_id = ${reader.tenantId} and message_id = ${id}`)
  if (there?.mine) return true
  if (!there?.known && (there?.count ?? 0) >= distinctMax) return false
  await tx.execute(sql`
    with signed as (
      insert into message_reactions (tenant_id, message_id, emoji, user_id, at)
      values (${reader.tenantId}, ${id}, ${emoji}, ${reader.userId}, ${at.toISOString()}::timestamptz)
    )
    update messages set version = version + 1 where tenant_id = ${reader.tenantId} and id = ${id}`)
  await tell(tx, held, { reader, at, type: 'reaction.added' })
  return true
}

export async function removeSign(tx: Tx, held: HeldMessage, sign: Sign): Promise<void> {
  const { reader, emoji, at } = sign
  const { id } = held.message
  const changed = await tx.execute(sql`
    with gone as (
      delete from message_reactions where tenant_id = ${reader.tenantId} and message_id = ${id}
        and emoji = ${emoji} and user_id = ${reader.userId} returning tenant_id, message_id
    )
    update messages m set version = version + 1 from gone
    where m.tenant_id = gone.tenant_id and m.id = gone.message_id returning m.id`)
  if (changed.length > 0) await tell(tx, held, { reader, at, type: 'reaction.removed' })
}

type List = { reader: Reader; id: string; after: readonly [string, string] | null; limit: number }
export type SignRow = { emoji: string; user_id: string; name: string; at: string }

/** By emoji, and the people in the order of their ids. */
export const listSigns = (db: Db, { reader, id, after, limit }: List) =>
  db.execute<SignRow>(sql`
    select r.emoji, r.user_id, u.display_name as name, r.at from message_reactions r
    join users u on u.tenant_id = ${reader.tenantId} and u.id = r.user_id
    where r.tenant_id = ${reader.tenantId} and r.message_id = ${id}
      ${after === null ? sql`` : sql`and (r.emoji, r.user_id) > (${after[0]}, ${after[1]})`}
    order by r.emoji, r.user_id limit ${limit}`)
