import { and, asc, eq, gt, type SQL, sql } from 'drizzle-orm'
import type { Db, Tx } from '../../db/client.ts'
import { webhookEndpoints } from '../../db/schema/webhooks.ts'
import type { WebhookRow } from './contract.ts'

const owned = (tenantId: string, id: string): SQL | undefined =>
  and(eq(webhookEndpoints.tenantId, tenantId), eq(webhookEndpoints.id, id))

type NewWebhook = typeof webhookEndpoints.$inferInsert

/**
 * Inserts one unless the tenant has `most` already. Of several at once, one comes after the other.
 * @returns `null`: it has
 */
export async function insertWebhook(
  tx: Tx,
  values: NewWebhook,
  most: number,
): Promise<WebhookRow | null> {
  const lock = `webhooks:${values.tenantId}`
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${lock}, 0))`)
  const ofTenant = eq(webhookEndpoints.tenantId, values.tenantId)
  if ((await tx.$count(webhookEndpoints, ofTenant)) >= most) return null
  const [row] = await tx.insert(webhookEndpoints).values(values).returning()
  if (!row) throw new Error('an insert returned no row')
  return row
}

/** The row, held until the transaction ends. Publishing of events goes on meanwhile. */
export async function holdWebhook(
  tx: Tx,
  tenantId: string,
  id: string,
): Promise<WebhookRow | null> {
  const [row] = await tx
    .select()
    .from(webhookEndpoints)
    .where(owned(tenantId, id))
    .for('no key update')
  return row ?? null
}

/** Changes a held row. */
export async function saveWebhook(
  tx: Tx,
  { tenantId, id }: WebhookRow,
  patch: Partial<NewWebhook>,
): Promise<WebhookRow> {
  const [row] = await tx
    .update(webhookEndpoints)
    .set({ ...patch, version: sql`${webhookEndpoints.version} + 1` })
    .where(owned(tenantId, id))
    .returning()
  if (!row) throw new Error('a held webhook is gone')
  return row
}

export async function deleteWebhookRow(tx: Tx, { tenantId, id }: WebhookRow): Promise<void> {
  await tx.delete(webhookEndpoints).where(owned(tenantId, id))
}

/** Oldest first. */
export const listWebhookRows = (
  db: Db,
  { tenantId, after, limit }: { tenantId: string; after: string | null; limit: number },
): Promise<WebhookRow[]> =>
  db
    .select()
    .from(webhookEndpoints)
    .where(
      and(
        eq(webhookEndpoints.tenantId, tenantId),
        after === null ? undefined : gt(webhookEndpoints.id, after),
      ),
    )
    .orderBy(asc(webhookEndpoints.id))
    .limit(limit)
