import { desc, eq, sql } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import type { Tx } from '../../db/client.ts'
import { auditLog } from '../../db/schema/index.ts'
import { auditHash, chainStart } from './canonical.ts'

export type AuditEntry = {
  tenantId: string
  /** Verb after thing: `user.created`, `key.revoked`. */
  action: string
  subjectType: string
  subjectId: string
  /** `null`: the operator's command line. */
  actor: { userId: string; keyId: string } | null
  requestId: string | null
  /** What changed. Never a secret: the row cannot be taken back. */
  detail?: Record<string, unknown>
  at: Date
}

/**
 * Appends to the tenant's chain, in the transaction of the change it tells of. To be audited: all of identity and keys,
 * what leaves the tenant (exports, share links, invites), what is deleted for good; not what its own history keeps.
 * Make it the last statement: it takes the tenant's lock until commit, and whoever takes row locks after it can deadlock.
 */
export async function appendAudit(tx: Tx, entry: AuditEntry): Promise<void> {
  const { tenantId, actor, at } = entry
  // A statement of its own: the next one must take its snapshot after the lock is ours.
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`audit:${tenantId}`}, 0))`)
  const [last] = await tx
    .select({ seq: auditLog.seq, hash: auditLog.hash })
    .from(auditLog)
    .where(eq(auditLog.tenantId, tenantId))
    .orderBy(desc(auditLog.seq))
    .limit(1)
  const prevHash = last?.hash ?? chainStart
  const row = {
    tenantId,
    id: uuidv7(),
    seq: (last?.seq ?? 0) + 1,
    action: entry.action,
    actorUserId: actor?.userId ?? null,
    actorKeyId: actor?.keyId ?? null,
    subjectType: entry.subjectType,
    subjectId: entry.subjectId,
    requestId: entry.requestId,
    detail: entry.detail ?? {},
  }
  const createdAt = at.toISOString().replace('Z', '000Z')
  const hash = await auditHash(prevHash, { ...row, createdAt })
  await tx.insert(auditLog).values({ ...row, prevHash, hash, createdAt: at })
}
