import { type SQL, sql } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import type { ChannelKind } from '../../db/schema/index.ts'
import type { MentionTokens } from './message-mention-syntax.ts'

export type MentionedUser = { userId: string; name: string }

type Place = { tenantId: string; channelId: string; kind: ChannelKind }
type Found = { asked: string; user_id: string; name: string }

/** Says who of those that a text names is there. */
export type MentionLookup = (tokens: MentionTokens) => MentionedUser[]

/**
 * Looks up everybody whom some texts of one channel name, in at most one statement. Only who can see the channel is named.
 * A nickname goes before a display name; a display name that several people have names none of them.
 */
export async function lookUpMentions(
  tx: Tx,
  place: Place,
  texts: readonly MentionTokens[],
): Promise<MentionLookup> {
  const userIds = [...new Set(texts.flatMap((tokens) => tokens.userIds))]
  const names = [...new Set(texts.flatMap((tokens) => tokens.names.flat()))]
  if (userIds.length + names.length === 0) return () => []
  const rows = await tx.execute<Found>(foundByIdOrName(place, userIds, names))
  const people = new Map<string, MentionedUser>()
  // Later rows do not replace earlier ones: those found by nickname come first.
  for (const { asked, user_id, name } of rows)
    if (!people.has(asked)) people.set(asked, { userId: user_id, name })
  return ({ userIds: ids, names: readings }) => {
    const found = [...ids.map((id) => [id]), ...readings].flatMap((each) => {
      const asked = each.find((name) => people.has(name))
      return asked === undefined ? [] : [people.get(asked) as MentionedUser]
    })
    return [...new Map(found.map((user) => [user.userId, user])).values()]
  }
}

// One reading of a name stops at the second person: two are as many as are needed to know that it is not unique.
function foundByIdOrName(place: Place, userIds: string[], names: string[]): SQL {
  const { tenantId, channelId } = place
  const asked = sql`jsonb_array_elements_text(${JSON.stringify(names)}::jsonb) as a(name)`
  return sql`
    select u.id::text as asked, u.id as user_id, u.display_name as name, 0 as place from users u
    where u.tenant_id = ${tenantId} and u.id = any(${`{${userIds.join(',')}}`}::uuid[])
      and ${canSee(place)}
    union all
    select a.name, u.id, u.display_name, 1 from ${asked}
    join channel_members m on m.tenant_id = ${tenantId} and m.channel_id = ${channelId}
      and lower(m.nickname) = lower(a.name)
    join users u on u.tenant_id = ${tenantId} and u.id = m.user_id and u.disabled_at is null
    union all
    select a.name, (array_agg(f.id))[1], min(f.display_name), 2 from ${asked}
    cross join lateral (select u.id, u.display_name from users u
      where u.tenant_id = ${tenantId} and lower(u.display_name) = lower(a.name) and ${canSee(place)}
      limit 2) f
    group by a.name having count(*) = 1
    order by place`
}

// The rule of access.ts turned round, for people instead of channels; programs that read no channels are nobody to call.
function canSee({ tenantId, channelId, kind }: Place): SQL {
  const isMember = sql`exists (select from channel_members s where s.tenant_id = ${tenantId}
    and s.channel_id = ${channelId} and s.user_id = u.id)`
  const isOpen = kind === 'public' || kind === 'document'
  const isReader = isOpen ? sql`u.role in ('viewer', 'editor', 'admin')` : sql`false`
  return sql`u.disabled_at is null and (${isReader} or ${isMember})`
}
