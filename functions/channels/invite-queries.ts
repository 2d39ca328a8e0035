import { and, desc, eq, gt, isNull, lt, or, sql } from 'drizzle-orm'
import type { Db, Tx } from '../../db/client.ts'
import { channelInvites, channelMembers, channels, users } from '../../db/schema/index.ts'

// The hash of the secret leaves the database only to be compared.
const shown = {
  id: channelInvites.id,
  channelId: channelInvites.channelId,
  role: channelInvites.role,
  allowGuests: channelInvites.allowGuests,
  guestSeconds: channelInvites.guestSeconds,
  usesMax: channelInvites.usesMax,
  uses: channelInvites.uses,
  expiresAt: channelInvites.expiresAt,
  createdByUserId: channelInvites.createdByUserId,
  createdAt: channelInvites.createdAt,
}

type Place = { tenantId: string; channelId: string }

const owned = (tenantId: string, id: string) =>
  and(eq(channelInvites.tenantId, tenantId), eq(channelInvites.id, id))

const ofChannel = ({ tenantId, channelId }: Place) =>
  and(eq(channelInvites.tenantId, tenantId), eq(channelInvites.channelId, channelId))

export type InviteRow = NonNullable<Awaited<ReturnType<typeof findInvite>>>

export async function findInvite(db: Db | Tx, { tenantId, channelId }: Place, id: string) {
  const [row] = await db
    .select(shown)
    .from(channelInvites)
    .where(and(owned(tenantId, id), eq(channelInvites.channelId, channelId)))
  return row ?? null
}

export async function insertInvite(
  tx: Tx,
  row: typeof channelInvites.$inferInsert,
): Promise<InviteRow> {
  const [made] = await tx.insert(channelInvites).values(row).returning(shown)
  if (!made) throw new Error('an insert returned no row')
  return made
}

export async function deleteInvite(tx: Tx, place: Place, id: string): Promise<boolean> {
  const gone = await tx
    .delete(channelInvites)
    .where(and(ofChannel(place), eq(channelInvites.id, id)))
    .returning({ id: channelInvites.id })
  return gone.length > 0
}

/** Newest first. */
export const listInviteRows = (
  db: Db,
  place: Place,
  { before, limit }: { before: string | null; limit: number },
): Promise<InviteRow[]> =>
  db
    .select(shown)
    .from(channelInvites)
    .where(and(ofChannel(place), before === null ? undefined : lt(channelInvites.id, before)))
    .orderBy(desc(channelInvites.id))
    .limit(limit)

const hasUsesLeft = or(
  isNull(channelInvites.usesMax),
  lt(channelInvites.uses, channelInvites.usesMax),
)

export type OpenInvite = NonNullable<Awaited<ReturnType<typeof findOpenInvite>>>

/** One that lasts and has a use left, when who made it may still give it: an active user who manages the channel. */
export async function findOpenInvite(
  db: Db | Tx,
  { tenantId, id, at }: { tenantId: string; id: string; at: Date },
) {
  const [row] = await db
    .select({ ...shown, secretSha256: channelInvites.secretSha256 })
    .from(channelInvites)
    .innerJoin(
      channels,
      and(
        eq(channels.tenantId, channelInvites.tenantId),
        eq(channels.id, channelInvites.channelId),
      ),
    )
    .innerJoin(
      users,
      and(
        eq(users.tenantId, channelInvites.tenantId),
        eq(users.id, channelInvites.createdByUserId),
        isNull(users.disabledAt),
      ),
    )
    .leftJoin(
      channelMembers,
      and(
        eq(channelMembers.tenantId, channelInvites.tenantId),
        eq(channelMembers.channelId, channelInvites.channelId),
        eq(channelMembers.userId, users.id),
      ),
    )
    .where(
      and(
        owned(tenantId, id),
        gt(channelInvites.expiresAt, at),
        hasUsesLeft,
        sql`(${channelMembers.role} in ('owner', 'moderator')
          or ${users.role} = 'admin' and ${channels.kind} in ('public', 'document'))`,
      ),
    )
  return row ?? null
}

/** Uses an invite once more. @returns `false`: it was used up or revoked meanwhile */
export async function useInvite(tx: Tx, tenantId: string, id: string): Promise<boolean> {
  const used = await tx
    .update(channelInvites)
    .set({ uses: sql`${channelInvites.uses} + 1` })
    .where(and(owned(tenantId, id), hasUsesLeft))
    .returning({ id: channelInvites.id })
  return used.length > 0
}
