import { and, eq, sql } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import type { Db, Tx } from '../../db/client.ts'
import { channelInvites, channelMembers, channels } from '../../db/schema/index.ts'
import { enqueueJob } from '../jobs/queue.ts'

/** Takes away a channel in which more was said than one request should delete. */
export const channelDeletionJobKind = 'channels.delete'

// Each message takes a tenth of a millisecond and more: half a second at most for all of them.
const deletedAtOnceMax = 4_000
const deletedPerStatement = 1_000

type Place = { tenantId: string; id: string }

/**
 * Deletes a held channel. Where much was said, nobody sees it from the commit on, and a job takes it away in portions.
 * @returns the job's id; `null` when it is done
 */
export async function deleteChannel(
  tx: Tx,
  { tenantId, id, messageSeq }: Place & { messageSeq: number },
  { requestId }: { requestId: string | null },
): Promise<string | null> {
  const owned = and(eq(channels.tenantId, tenantId), eq(channels.id, id))
  if (messageSeq <= deletedAtOnceMax) {
    await tx.delete(channels).where(owned)
    return null
  }
  await tx
    .delete(channelMembers)
    .where(and(eq(channelMembers.tenantId, tenantId), eq(channelMembers.channelId, id)))
  await tx
    .delete(channelInvites)
    .where(and(eq(channelInvites.tenantId, tenantId), eq(channelInvites.channelId, id)))
  // A private channel that nobody is in is nobody's to see; its name, document and people are free for another.
  await tx
    .update(channels)
    .set({
      kind: 'private',
      ...{ documentId: null, directKey: null, topic: '' },
      name: 'deleted',
      version: sql`${channels.version} + 1`,
    })
    .where(owned)
  return enqueueJob(tx, {
    ...{ tenantId, id: uuidv7(), kind: channelDeletionJobKind, subjectId: id, payload: {} },
    ...(requestId !== null && { requestId }),
  })
}

/**
 * Deletes a channel that nobody is in, the newest messages first, because they answer older ones. Each portion is a
 * transaction of its own: an attempt that dies goes on where it was.
 * @returns how many messages went now; none of a channel that somebody is in
 */
export async function removeDeserted(
  db: Db,
  { tenantId, id, signal }: Place & { signal: AbortSignal },
): Promise<number> {
  const isDeserted = sql`exists (select 1 from channels c where c.tenant_id = ${tenantId} and c.id = ${id}
    and c.kind in ('private', 'direct') and not exists (select 1 from channel_members m
      where m.tenant_id = c.tenant_id and m.channel_id = c.id))`
  for (let removed = 0; ; ) {
    signal.throwIfAborted()
    const gone = await db.execute(sql`
      delete from messages where tenant_id = ${tenantId} and channel_id = ${id} and ${isDeserted}
        and seq > (select max(l.seq) from messages l where l.tenant_id = ${tenantId}
          and l.channel_id = ${id}) - ${deletedPerStatement}
      returning seq`)
    removed += gone.length
    if (gone.length > 0) continue
    await db
      .delete(channels)
      .where(and(eq(channels.tenantId, tenantId), eq(channels.id, id), isDeserted))
    return removed
  }
}
