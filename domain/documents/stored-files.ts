import { and, eq, type SQL, sql } from 'drizzle-orm'
import { type PgColumn, unionAll } from 'drizzle-orm/pg-core'
import type { Db } from '../../db/client.ts'
import { blobs, pageImages, tenants } from '../../db/schema/index.ts'

/**
 * The storage keys that a tenant's rows name, among the rows for these digests: uploaded files and drawn pages.
 * @param sha256s at most some hundred; they travel as one parameter
 * @returns `null`: this database does not know the tenant, so it cannot tell
 */
export async function namedStorageKeys(
  db: Db,
  tenantId: string,
  sha256s: readonly Uint8Array[],
): Promise<ReadonlySet<string> | null> {
  const ofTenant = (table: typeof blobs | typeof pageImages) =>
    and(eq(table.tenantId, tenantId), anyDigest(table.sha256, sha256s))
  const keyOf = (table: typeof blobs | typeof pageImages) =>
    db
      .select({ storageKey: sql<string | null>`${table.storageKey}`.as('storage_key') })
      .from(tenants)
      .leftJoin(table, ofTenant(table))
      .where(eq(tenants.id, tenantId))
  const rows = await unionAll(keyOf(blobs), keyOf(pageImages))
  if (rows.length === 0) return null
  return new Set(rows.map(({ storageKey }) => storageKey).filter((key) => key !== null))
}

/** Is the column one of these digests? One parameter and one statement, however many there are. */
export function anyDigest(column: PgColumn, sha256s: readonly Uint8Array[]): SQL {
  const digests = `{${sha256s.map((sha256) => `"\\\\x${hexOf(sha256)}"`).join(',')}}`
  return sql`${column} = any(${digests}::bytea[])`
}

const hexOf = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
