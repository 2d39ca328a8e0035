import { and, eq } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { batches } from '../../db/schema/batches.ts'
import { publishChange } from '../webhooks/publish.ts'

/** Tells webhooks that a batch has ended, unless it is gone or goes on by now. */
export async function publishBatchEnd(
  tx: Tx,
  { tenantId, id }: { tenantId: string; id: string },
): Promise<void> {
  const [row] = await tx
    .select()
    .from(batches)
    .where(and(eq(batches.tenantId, tenantId), eq(batches.id, id)))
  if (!row || row.status === 'running') return
  const { itemsCompleted: completed, itemsFailed: failed, itemsCancelled: cancelled } = row
  const data = { completed, failed, cancelled }
  await publishChange(tx, { tenantId, type: 'batch.completed', subjectId: id, data })
}
