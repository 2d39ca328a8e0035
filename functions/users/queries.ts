import { and, asc, eq, gt, isNotNull, isNull, type SQL, sql } from 'drizzle-orm'
import { pointRead } from '../../db/batch.ts'
import type { Db, Tx } from '../../db/client.ts'
import { type Role, users } from '../../db/schema/index.ts'
import type { UserRow } from '../../domain/identity/users.ts'

const owned = (tenantId: string, id: string): SQL | undefined =>
  and(eq(users.tenantId, tenantId), eq(users.id, id))

/** Reads one user; all such reads of one turn of the event loop become one statement. */
export const userReader = (db: Db) => pointRead(db, { table: users })

type UserFilter = {
  tenantId: string
  after: string | null
  limit: number
  role?: Role | undefined
  disabled?: boolean | undefined
  email?: string | undefined
}

/** Oldest first: ids are UUIDv7, so their order is that of creation. */
export const listUserRows = (db: Db, filter: UserFilter): Promise<UserRow[]> =>
  db
    .select()
    .from(users)
    .where(
      and(
        eq(users.tenantId, filter.tenantId),
        filter.after === null ? undefined : gt(users.id, filter.after),
        filter.role === undefined ? undefined : eq(users.role, filter.role),
        filter.email === undefined ? undefined : eq(users.email, filter.email),
        filter.disabled === undefined
          ? undefined
          : filter.disabled
            ? isNotNull(users.disabledAt)
            : isNull(users.disabledAt),
      ),
    )
    .orderBy(asc(users.id))
    .limit(filter.limit)

/**
 * Makes every change of a tenant's users wait for the one before. Without it two admins could each be
 * removed by a transaction that still sees the other.
 */
export async function lockUsers(tx: Tx, tenantId: string): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`users:${tenantId}`}, 0))`)
}

/** The row as it is: it stays so for whoever has {@link lockUsers}. */
export async function findUser(tx: Tx, tenantId: string, id: string): Promise<UserRow | null> {
  const [row] = await tx.select().from(users).where(owned(tenantId, id))
  return row ?? null
}

/** The row, held until the transaction ends: nobody can give this user a document meanwhile. */
export async function holdUser(tx: Tx, tenantId: string, id: string): Promise<UserRow | null> {
  const [row] = await tx.select().from(users).where(owned(tenantId, id)).for('update')
  return row ?? null
}

export const countActiveAdmins = (tx: Tx, tenantId: string): Promise<number> =>
  tx.$count(
    users,
    and(eq(users.tenantId, tenantId), eq(users.role, 'admin'), isNull(users.disabledAt)),
  )

export type UserChange = {
  email?: string | null
  displayName?: string
  role?: Role
  disabledAt?: Date | null
  deletionJobId?: string | null
}

/** Expects a row that {@link holdUser} holds. */
export async function updateUser(
  tx: Tx,
  { tenantId, id }: UserRow,
  change: UserChange & { updatedAt: Date },
): Promise<UserRow> {
  const [row] = await tx
    .update(users)
    .set({ ...change, version: sql`${users.version} + 1` })
    .where(owned(tenantId, id))
    .returning()
  if (!row) throw new Error('a held row was not updated')
  return row
}

export async function deleteUserRow(tx: Tx, tenantId: string, id: string): Promise<void> {
  await tx.delete(users).where(owned(tenantId, id))
}
