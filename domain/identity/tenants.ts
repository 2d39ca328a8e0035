import { and, asc, eq } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import type { Db, Tx } from '../../db/client.ts'
import {
  blobs,
  documents,
  jobHistory,
  jobSchedules,
  jobs,
  runEvents,
  tenants,
  users,
} from '../../db/schema/index.ts'
import { pageImageKeysOfTenant } from '../documents/page-drawing.ts'

export type TenantRow = typeof tenants.$inferSelect

/**
 * Writes a tenant.
 * @throws the constraints `tenants_name_is_unique`, `tenants_operator_is_single`, `tenants_name_length`
 */
export async function insertTenant(
  tx: Tx,
  tenant: { name: string; isOperator: boolean },
  at: Date,
): Promise<TenantRow> {
  const [row] = await tx
    .insert(tenants)
    .values({ ...tenant, id: uuidv7(), createdAt: at })
    .returning()
  if (!row) throw new Error('an insert returned no row')
  return row
}

/** The tenant of whoever operates this installation; `null` before the first start. */
export async function findOperatorTenant(db: Db): Promise<TenantRow | null> {
  const [row] = await db.select().from(tenants).where(eq(tenants.isOperator, true))
  return row ?? null
}

/** All tenants by name; for the operator's command line. */
export const listTenants = (db: Db): Promise<Pick<TenantRow, 'id' | 'name'>[]> =>
  db.select({ id: tenants.id, name: tenants.name }).from(tenants).orderBy(asc(tenants.name))

/** @returns `null` when no tenant has this name */
export async function findTenantByName(db: Db, name: string): Promise<TenantRow | null> {
  const [row] = await db.select().from(tenants).where(eq(tenants.name, name))
  return row ?? null
}

/** @returns the user's id, or `null` when the tenant has no such user */
export async function findUserIdByEmail(
  db: Db,
  tenantId: string,
  email: string,
): Promise<string | null> {
  const [row] = await db
    .select({ id: users.id })
    .from(users)
    .where(and(eq(users.tenantId, tenantId), eq(users.email, email.toLowerCase())))
  return row?.id ?? null
}

/**
 * Removes a tenant with everything it owns; its users, keys, pages, replies and audit rows go by their foreign keys.
 * @returns storage keys of the files to delete once this is committed; `null` when there is no such tenant, or it is the
 *   operator's, which cannot go
 */
export async function deleteTenant(tx: Tx, tenantId: string): Promise<string[] | null> {
  const [tenant] = await tx
    .select({ id: tenants.id })
    .from(tenants)
    .where(and(eq(tenants.id, tenantId), eq(tenants.isOperator, false)))
    .for('update')
  if (!tenant) return null
  const pictures = await pageImageKeysOfTenant(tx, tenantId)
  await tx.delete(documents).where(eq(documents.tenantId, tenantId))
  const files = await tx
    .delete(blobs)
    .where(eq(blobs.tenantId, tenantId))
    .returning({ storageKey: blobs.storageKey })
  // Before the jobs: one that is just firing has queued its job then, and none fires any more.
  await tx.delete(jobSchedules).where(eq(jobSchedules.tenantId, tenantId))
  await tx.delete(jobs).where(eq(jobs.tenantId, tenantId))
  await tx.delete(jobHistory).where(eq(jobHistory.tenantId, tenantId))
  await tx.delete(runEvents).where(eq(runEvents.tenantId, tenantId))
  await tx.delete(tenants).where(eq(tenants.id, tenantId))
  return [...files.map(({ storageKey }) => storageKey), ...pictures]
}
