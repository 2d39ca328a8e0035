import { eq } from 'drizzle-orm'
import type { Db } from '../../db/client.ts'
import { tenants } from '../../db/schema/index.ts'

/** @returns `null` when the tenant is gone */
export async function findTenantName(db: Db, tenantId: string): Promise<string | null> {
  const [row] = await db
    .select({ name: tenants.name })
    .from(tenants)
    .where(eq(tenants.id, tenantId))
  return row?.name ?? null
}
