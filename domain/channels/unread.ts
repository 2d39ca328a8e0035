import { type SQL, sql } from 'drizzle-orm'

// Numbers have no gap, so what came is a difference; what does not count of it lies in two small indexes.
const notCounted = sql`(
  (select count(*) from messages own
    where own.tenant_id = channel_members.tenant_id and own.channel_id = channel_members.channel_id
      and own.author_user_id = channel_members.user_id and own.seq > channel_members.read_seq)
  + (select count(*) from messages gone
    where gone.tenant_id = channel_members.tenant_id and gone.channel_id = channel_members.channel_id
      and gone.seq > channel_members.read_seq and gone.deleted_at is not null
      and gone.author_user_id <> channel_members.user_id))`

/**
 * SQL: how many messages a member has not read, without deleted ones and their own. For a statement that has
 * `channel_members` and `channel_heads` of one channel a row in its FROM, under their own names; 0 for nobody's row.
 */
export const unreadCount: SQL<number> = sql`coalesce(
  channel_heads.message_seq - channel_members.read_seq - ${notCounted}, 0)::int`

const naming = sql`(
  select named.seq from message_mentions named
    where named.tenant_id = channel_members.tenant_id and named.user_id = channel_members.user_id
      and named.channel_id = channel_members.channel_id and named.seq > channel_members.read_seq
  union
  select called.seq from messages called
    where called.tenant_id = channel_members.tenant_id and called.channel_id = channel_members.channel_id
      and called.seq > channel_members.read_seq and called.mentions_all)`

/** SQL: how many of the {@link unreadCount} name the member or `@all`. Reads those alone; `channel_heads` is not needed. */
// One look for each: joined as tables, a plan made while they were empty reads all of the channel's messages.
export const mentionCount: SQL<number> = sql`(
  select count(*) from ${naming} mention
  cross join lateral (
    select 1 from messages
    where messages.tenant_id = channel_members.tenant_id
      and messages.channel_id = channel_members.channel_id and messages.seq = mention.seq
      and messages.deleted_at is null and messages.author_user_id <> channel_members.user_id
    limit 1
  ) counted)::int`
