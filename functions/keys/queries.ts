import { and, asc, eq, gt, isNull, lte, or, type SQL, sql } from 'drizzle-orm'
import type { Db, Tx } from '../../db/client.ts'
import { apiKeys, type Role, users } from '../../db/schema/index.ts'
import { type KeyRow, keyColumns } from '../../domain/identity/keys.ts'

/** `userId`: only keys of this user are there for the caller; `null` for all of the tenant. */
export type KeyScope = { tenantId: string; userId: string | null }

const within = ({ tenantId, userId }: KeyScope): SQL | undefined =>
  and(eq(apiKeys.tenantId, tenantId), userId === null ? undefined : eq(apiKeys.userId, userId))

export async function findKeyRow(db: Db, scope: KeyScope, id: string): Promise<KeyRow | null> {
  const [row] = await db
    .select(keyColumns)
    .from(apiKeys)
    .where(and(within(scope), eq(apiKeys.id, id)))
  return row ?? null
}

/** The row, held until the transaction ends. */
export async function holdKey(tx: Tx, scope: KeyScope, id: string): Promise<KeyRow | null> {
  const [row] = await tx
    .select(keyColumns)
    .from(apiKeys)
    .where(and(within(scope), eq(apiKeys.id, id)))
    .for('update')
  return row ?? null
}

type KeyFilter = {
  scope: KeyScope
  after: string | null
  limit: number
  user_id?: string | undefined
  active?: boolean | undefined
  now: Date
}

/** Oldest first: ids are UUIDv7, so their order is that of creation. */
export const listKeyRows = (db: Db, filter: KeyFilter): Promise<KeyRow[]> =>
  db
    .select(keyColumns)
    .from(apiKeys)
    .where(
      and(
        within(filter.scope),
        filter.user_id ? eq(apiKeys.userId, filter.user_id) : undefined,
        filter.after === null ? undefined : gt(apiKeys.id, filter.after),
        filter.active === undefined ? undefined : activity(filter.active, filter.now),
      ),
    )
    .orderBy(asc(apiKeys.id))
    .limit(filter.limit)

const activity = (active: boolean, now: Date): SQL | undefined =>
  active
    ? and(isNull(apiKeys.revokedAt), or(isNull(apiKeys.expiresAt), gt(apiKeys.expiresAt, now)))
    : or(sql`${apiKeys.revokedAt} is not null`, lte(apiKeys.expiresAt, now))

type KeyChange = { replacedByKeyId?: string; expiresAt?: Date; revokedAt?: Date }

/** Expects a row that {@link holdKey} holds. */
export async function updateKey(tx: Tx, { tenantId, id }: KeyRow, change: KeyChange) {
  await tx
    .update(apiKeys)
    .set({ ...change, version: sql`${apiKeys.version} + 1` })
    .where(and(eq(apiKeys.tenantId, tenantId), eq(apiKeys.id, id)))
}

/** The role of a user who cannot be deleted before the transaction ends; `null` when there is none. */
export async function holdUserRole(tx: Tx, tenantId: string, id: string): Promise<Role | null> {
  const [row] = await tx
    .select({ role: users.role })
    .from(users)
    .where(and(eq(users.tenantId, tenantId), eq(users.id, id)))
    .for('key share')
  return row?.role ?? null
}
