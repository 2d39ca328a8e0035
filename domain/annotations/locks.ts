import { and, eq, type SQL, sql } from 'drizzle-orm'
import type { Db, Tx } from '../../db/client.ts'
import { annotationLocks } from '../../db/schema/annotations.ts'

export type LockRow = typeof annotationLocks.$inferSelect

const ofAnnotation = (tenantId: string, id: string): SQL | undefined =>
  and(eq(annotationLocks.tenantId, tenantId), eq(annotationLocks.annotationId, id))

/** The lock that holds now, if any. */
export async function findLock(
  db: Db | Tx,
  { tenantId, id, at }: { tenantId: string; id: string; at: Date },
): Promise<LockRow | null> {
  const [row] = await db
    .select()
    .from(annotationLocks)
    .where(
      and(ofAnnotation(tenantId, id), sql`${annotationLocks.lockedUntil} > ${at.toISOString()}`),
    )
  return row ?? null
}

type Taking = { tenantId: string; id: string; userId: string; at: Date; until: Date }

/**
 * Takes the lock, or prolongs one's own. Of two who ask for a free one at once exactly one gets it.
 * @returns `null`: somebody else has it
 */
export async function takeLock(
  tx: Tx,
  { tenantId, id, userId, at, until }: Taking,
): Promise<LockRow | null> {
  const [row] = await tx
    .insert(annotationLocks)
    .values({ tenantId, annotationId: id, userId, lockedUntil: until })
    .onConflictDoUpdate({
      target: [annotationLocks.tenantId, annotationLocks.annotationId],
      set: { userId, lockedUntil: until },
      setWhere: sql`${annotationLocks.tenantId} = ${tenantId} and (${annotationLocks.userId} = ${userId}
        or ${annotationLocks.lockedUntil} <= ${at.toISOString()})`,
    })
    .returning()
  return row ?? null
}

/** Gives one's own lock back; that of somebody else stays. */
export async function releaseLock(
  tx: Tx,
  { tenantId, id, userId }: { tenantId: string; id: string; userId: string },
): Promise<void> {
  await tx
    .delete(annotationLocks)
    .where(and(ofAnnotation(tenantId, id), eq(annotationLocks.userId, userId)))
}
