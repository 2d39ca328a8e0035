import { and, eq, sql } from 'drizzle-orm'
import type { Db } from './client.ts'
import { apiKeys, idempotencyKeys, tenants, users } from './schema/index.ts'

// The few statements without a tenant. A test knows them by name; whatever is added here must be added there.

/** A key with what its rights depend on: its user's role and state, and whether its tenant is the operator's. */
export type KeyWithUser = NonNullable<Awaited<ReturnType<typeof findKey>>>

/** Looks an API key up: a caller names a key, never a tenant. `null` when there is none. */
export async function findKey(db: Db, keyId: string) {
  const [row] = await db
    .select({
      tenantId: apiKeys.tenantId,
      keyId: apiKeys.id,
      userId: apiKeys.userId,
      role: apiKeys.role,
      secretSha256: apiKeys.secretSha256,
      expiresAt: apiKeys.expiresAt,
      revokedAt: apiKeys.revokedAt,
      userRole: users.role,
      disabledAt: users.disabledAt,
      isOperator: tenants.isOperator,
    })
    .from(apiKeys)
    .innerJoin(users, and(eq(users.tenantId, apiKeys.tenantId), eq(users.id, apiKeys.userId)))
    .innerJoin(tenants, eq(tenants.id, apiKeys.tenantId))
    .where(eq(apiKeys.id, keyId))
  return row ?? null
}

/** Rows per statement of a sweep: short transactions, so that nothing waits for retention. */
const sweepRowsMax = 1_000

/**
 * Deletes the replies that may no longer be replayed, and the marks of requests that died.
 * @returns how many rows went; call again while it is not 0
 */
export async function deleteExpiredIdempotencyKeys(db: Db, now: Date): Promise<number> {
  const { tenantId, userId, key, expiresAt } = idempotencyKeys
  const result = await db.execute(sql`
    delete from ${idempotencyKeys} where (${tenantId}, ${userId}, ${key}) in (
      select ${tenantId}, ${userId}, ${key} from ${idempotencyKeys}
      where ${expiresAt} < ${now.toISOString()}::timestamptz
      order by ${expiresAt} limit ${sweepRowsMax} for update skip locked
    )`)
  return result.count
}
