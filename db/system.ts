import { sql } from 'drizzle-orm'
import type { Db } from './client.ts'
import type { Role } from './schema/index.ts'

export * from './system-jobs.ts'
export * from './system-jobs-counts.ts'
export * from './system-jobs-report.ts'
export { readWaitFacts } from './system-jobs-why.ts'
export * from './system-jobs-workers.ts'
export * from './system-page-images.ts'
export * from './system-schedules.ts'

// The few statements without a tenant. Each begins with its name, for whoever reads `pg_stat_activity`. The test that
// looks for statements without a tenant knows them by calling every function of this file.

/**
 * A key with what its rights depend on: its user's role and state, the role of whoever made it (`null` when that user is
 * gone), and whether its tenant is the operator's.
 */
export type KeyWithUser = {
  tenantId: string
  keyId: string
  userId: string
  role: Role
  secretSha256: Uint8Array
  expiresAt: Date | null
  revokedAt: Date | null
  userRole: Role
  creatorRole: Role | null
  disabledAt: Date | null
  isOperator: boolean
}

/** Looks an API key up: a caller names a key, never a tenant. `null` when there is none. */
export async function findKey(db: Db, keyId: string): Promise<KeyWithUser | null> {
  const [row] = await db.execute<Record<keyof KeyWithUser, unknown> & KeyWithUser>(sql`
    /* system: find-key */
    select k.tenant_id as "tenantId", k.id as "keyId", k.user_id as "userId", k.role,
      k.secret_sha256 as "secretSha256", k.expires_at as "expiresAt", k.revoked_at as "revokedAt",
      u.role as "userRole", u.disabled_at as "disabledAt", c.role as "creatorRole",
      t.is_operator as "isOperator"
    from api_keys k
    join users u on u.tenant_id = k.tenant_id and u.id = k.user_id
    left join users c on c.tenant_id = k.tenant_id and c.id = k.created_by_user_id
    join tenants t on t.id = k.tenant_id
    where k.id = ${keyId}`)
  if (!row) return null
  const { expiresAt, revokedAt, disabledAt } = row
  return {
    ...row,
    expiresAt: moment(expiresAt),
    revokedAt: moment(revokedAt),
    disabledAt: moment(disabledAt),
  }
}

// Under Drizzle the driver hands times over as text.
const moment = (value: unknown): Date | null => (value === null ? null : new Date(String(value)))

/** Rows per statement of a sweep: short transactions, so that nothing waits for retention. */
const sweepRowsMax = 1_000

/**
 * Deletes the replies that may no longer be replayed, and the marks of requests that died. An upload outlives its mark:
 * while nobody takes its key over, it may still store its reply there, so the mark stays longer than any request lasts.
 * @returns how many rows went; call again while it is not 0
 */
export async function deleteExpiredIdempotencyKeys(db: Db, now: Date): Promise<number> {
  const result = await db.execute(sql`
    /* system: delete-expired-idempotency-keys */
    delete from idempotency_keys where (tenant_id, user_id, key) in (
      select tenant_id, user_id, key from idempotency_keys
      where expires_at < ${now.toISOString()}::timestamptz and (status = 'done'
        or expires_at < ${now.toISOString()}::timestamptz - interval '1 hour')
      order by expires_at limit ${sweepRowsMax} for update skip locked)`)
  return result.count
}

/**
 * Documents that were put into the trash before a time, those that lie there longest first.
 * @returns `limit` at most
 */
export async function listExpiredTrash(
  db: Db,
  { before, limit }: { before: Date; limit: number },
): Promise<{ tenantId: string; documentId: string }[]> {
  return db.execute<{ tenantId: string; documentId: string }>(sql`
    /* system: list-expired-trash */
    select tenant_id as "tenantId", id as "documentId" from documents
    where trashed_at < ${before.toISOString()}::timestamptz order by trashed_at limit ${limit}`)
}

/**
 * Deletes what webhooks were told before a time, with its deliveries.
 * @returns how many events went; call again while it is not 0
 */
export async function deleteOldWebhookEvents(db: Db, before: Date): Promise<number> {
  const result = await db.execute(sql`
    /* system: delete-old-webhook-events */
    delete from webhook_events where (tenant_id, id) in (
      select tenant_id, id from webhook_events where created_at < ${before.toISOString()}::timestamptz
      order by created_at limit ${sweepRowsMax} for update skip locked)`)
  return result.count
}
