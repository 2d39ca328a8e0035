import { and, asc, eq, ne, sql } from 'drizzle-orm'
import type { Db, Tx } from '../../db/client.ts'
import {
  annotationLocks,
  apiKeys,
  documents,
  jobSchedules,
  jobs,
  type Role,
  shares,
  users,
} from '../../db/schema/index.ts'

type Owner = { tenantId: string; userId: string }

/**
 * Holds all channels in which the user is or plays, in the order of their ids: whoever changes one after the other keeps
 * that order, and so nobody waits for somebody who waits for them.
 */
export async function holdChannelsOf(tx: Tx, { tenantId, userId }: Owner): Promise<void> {
  await tx.execute(sql`
    select h.channel_id from channel_heads h where h.tenant_id = ${tenantId} and h.channel_id in (
      select m.channel_id from channel_members m
      where m.tenant_id = ${tenantId} and m.user_id = ${userId}
      union
      select g.channel_id from game_players p
      join games g on g.tenant_id = p.tenant_id and g.id = p.game_id
      where p.tenant_id = ${tenantId} and p.user_id = ${userId})
    order by h.channel_id for update`)
}

/** @returns ids of documents that the user owns, in the trash or not */
export async function listOwnedDocuments(
  db: Db | Tx,
  { tenantId, userId }: Owner,
  limit: number,
): Promise<string[]> {
  const rows = await db
    .select({ id: documents.id })
    .from(documents)
    .where(and(eq(documents.tenantId, tenantId), eq(documents.userId, userId)))
    .orderBy(asc(documents.id))
    .limit(limit)
  return rows.map(({ id }) => id)
}

type Transfer = Owner & { heirId: string; at: Date; limit: number }

/** @returns how many documents changed hands, at most `limit` */
export async function transferDocuments(
  db: Db | Tx,
  { tenantId, userId, heirId, at, limit }: Transfer,
): Promise<number> {
  const moved = await db.execute(sql`
    update documents d set user_id = ${heirId}, version = d.version + 1,
      updated_at = ${at.toISOString()}::timestamptz
    where d.tenant_id = ${tenantId} and d.user_id = ${userId} and d.id in (
      select o.id from documents o where o.tenant_id = ${tenantId} and o.user_id = ${userId}
      order by o.id limit ${limit})
    returning d.id`)
  return moved.length
}

/** Links that the user gave out go on under another name; they open what the heir may show. */
export async function transferShares(tx: Tx, { tenantId, userId }: Owner, heirId: string) {
  const moved = await tx
    .update(shares)
    .set({ userId: heirId })
    .where(and(eq(shares.tenantId, tenantId), eq(shares.userId, userId)))
    .returning({ id: shares.id })
  return moved.length
}

/** What fires for the tenant goes on firing, in the name of somebody who is there. */
export async function transferSchedules(tx: Tx, { tenantId, userId }: Owner, heirId: string) {
  const moved = await tx
    .update(jobSchedules)
    .set({ userId: heirId, version: sql`${jobSchedules.version} + 1` })
    .where(and(eq(jobSchedules.tenantId, tenantId), eq(jobSchedules.userId, userId)))
    .returning({ id: jobSchedules.id })
  return moved.length
}

export async function releaseLocks(tx: Tx, { tenantId, userId }: Owner): Promise<void> {
  await tx
    .delete(annotationLocks)
    .where(and(eq(annotationLocks.tenantId, tenantId), eq(annotationLocks.userId, userId)))
}

/** Keys of others that the user made, locked. */
export const holdKeysMadeBy = (tx: Tx, { tenantId, userId }: Owner) =>
  tx
    .select({ id: apiKeys.id, role: apiKeys.role })
    .from(apiKeys)
    .where(
      and(
        eq(apiKeys.tenantId, tenantId),
        eq(apiKeys.createdByUserId, userId),
        ne(apiKeys.userId, userId),
      ),
    )
    .orderBy(asc(apiKeys.id))
    .for('update')

/** Expects a key that {@link holdKeysMadeBy} holds. */
export async function narrowKey(
  tx: Tx,
  { tenantId, id }: { tenantId: string; id: string },
  change: { role: Role } | { revokedAt: Date },
): Promise<void> {
  await tx
    .update(apiKeys)
    .set({ ...change, version: sql`${apiKeys.version} + 1` })
    .where(and(eq(apiKeys.tenantId, tenantId), eq(apiKeys.id, id)))
}

/** The active admin who has been there longest, but for one. */
export async function findOtherAdmin(tx: Tx, { tenantId, userId }: Owner): Promise<string | null> {
  const [row] = await tx
    .select({ id: users.id })
    .from(users)
    .where(
      and(
        eq(users.tenantId, tenantId),
        eq(users.role, 'admin'),
        sql`${users.disabledAt} is null`,
        ne(users.id, userId),
      ),
    )
    .orderBy(asc(users.id))
    .limit(1)
  return row?.id ?? null
}

/** Has a job that deletes a user still to end? */
export async function isJobOpen(tx: Tx, tenantId: string, id: string): Promise<boolean> {
  return (await tx.$count(jobs, and(eq(jobs.tenantId, tenantId), eq(jobs.id, id)))) > 0
}
