import { and, asc, eq, gt, ne, sql } from 'drizzle-orm'
import type { Db, Tx } from '../../db/client.ts'
import { channelMembers, type MemberRole, users } from '../../db/schema/index.ts'

type Place = { tenantId: string; id: string }

const seen = {
  channelId: channelMembers.channelId,
  userId: channelMembers.userId,
  displayName: users.displayName,
  userRole: users.role,
  role: channelMembers.role,
  nickname: channelMembers.nickname,
  joinedAt: channelMembers.joinedAt,
  version: channelMembers.version,
}

const inChannel = ({ tenantId, id }: Place) =>
  and(eq(channelMembers.tenantId, tenantId), eq(channelMembers.channelId, id))

const theirUser = and(
  eq(users.tenantId, channelMembers.tenantId),
  eq(users.id, channelMembers.userId),
)

export type SeenMember = NonNullable<Awaited<ReturnType<typeof findMember>>>

export async function findMember(db: Db | Tx, place: Place, userId: string) {
  const [row] = await db
    .select(seen)
    .from(channelMembers)
    .innerJoin(users, theirUser)
    .where(and(inChannel(place), eq(channelMembers.userId, userId)))
  return row ?? null
}

type ListMembers = {
  role: MemberRole | undefined
  name: string | undefined // a part of it
  after: string | null
  limit: number
}

/** In the order in which their users came to the tenant. */
export const listMemberRows = (
  db: Db,
  place: Place,
  { role, name, after, limit }: ListMembers,
): Promise<SeenMember[]> =>
  db
    .select(seen)
    .from(channelMembers)
    .innerJoin(users, theirUser)
    .where(
      and(
        inChannel(place),
        role === undefined ? undefined : eq(channelMembers.role, role),
        name === undefined
          ? undefined
          : sql`position(lower(${name}) in
              lower(concat_ws(' ', ${channelMembers.nickname}, ${users.displayName}))) > 0`,
        after === null ? undefined : gt(channelMembers.userId, after),
      ),
    )
    .orderBy(asc(channelMembers.userId))
    .limit(limit)

export async function updateMember(
  tx: Tx,
  place: Place,
  { userId, ...change }: { userId: string; role?: MemberRole; nickname?: string | null },
): Promise<number> {
  const [row] = await tx
    .update(channelMembers)
    .set({ ...change, version: sql`${channelMembers.version} + 1` })
    .where(and(inChannel(place), eq(channelMembers.userId, userId)))
    .returning({ version: channelMembers.version })
  if (!row) throw new Error('a member of a held channel is gone')
  return row.version
}

/** Who else is in the channel, as far as it decides about who may go. */
export async function countOthers(tx: Tx, place: Place, userId: string) {
  const [row] = await tx
    .select({
      people: sql<number>`count(*)::int`,
      owners: sql<number>`(count(*) filter (where ${channelMembers.role} = 'owner'))::int`,
    })
    .from(channelMembers)
    .where(and(inChannel(place), ne(channelMembers.userId, userId)))
  return row ?? { people: 0, owners: 0 }
}
