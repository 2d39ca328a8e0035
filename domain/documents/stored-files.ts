import { and, eq, sql } from 'drizzle-orm'
import type { Db } from '../../db/client.ts'
import { blobs, tenants } from '../../db/schema/index.ts'

/**
 * The storage keys that a tenant's rows name, among the rows for these digests.
 * @param sha256s at most some hundred; they travel as one parameter
 * @returns `null`: this database does not know the tenant, so it cannot tell
 */
export async function namedStorageKeys(
  db: Db,
  tenantId: string,
  sha256s: readonly Uint8Array[],
): Promise<ReadonlySet<string> | null> {
  const digests = `{${sha256s.map((sha256) => `"\\\\x${hexOf(sha256)}"`).join(',')}}`
  const ofTenant = eq(blobs.tenantId, tenantId)
  const rows = await db
    .select({ storageKey: blobs.storageKey })
    .from(tenants)
    .leftJoin(blobs, and(ofTenant, sql`${blobs.sha256} = any(${digests}::bytea[])`))
    .where(eq(tenants.id, tenantId))
  if (rows.length === 0) return null
  return new Set(rows.map(({ storageKey }) => storageKey).filter((key) => key !== null))
}

const hexOf = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
