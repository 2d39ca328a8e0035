import { and, desc, eq, inArray, isNull, lt } from 'drizzle-orm'
import type { Db, Tx } from '../../db/client.ts'
import { conferenceSubscriptions as subscriptions } from '../../db/schema/conference-subscriptions.ts'
import { users } from '../../db/schema/users.ts'

// The hash of the secret leaves the database only to be compared.
const shown = {
  id: subscriptions.id,
  userId: subscriptions.userId,
  name: subscriptions.name,
  filter: subscriptions.filter,
  createdAt: subscriptions.createdAt,
}

export type SubscriptionRow = Pick<
  typeof subscriptions.$inferSelect,
  'id' | 'userId' | 'name' | 'filter' | 'createdAt'
>

/** `userId`: only theirs; `null`: anybody's. */
export type Whose = { tenantId: string; userId: string | null }

const visible = ({ tenantId, userId }: Whose) =>
  and(
    eq(subscriptions.tenantId, tenantId),
    userId === null ? undefined : eq(subscriptions.userId, userId),
  )

export async function findSubscription(
  db: Db | Tx,
  whose: Whose,
  id: string,
): Promise<SubscriptionRow | null> {
  const [row] = await db
    .select(shown)
    .from(subscriptions)
    .where(and(visible(whose), eq(subscriptions.id, id)))
  return row ?? null
}

export async function insertSubscription(
  tx: Tx,
  row: typeof subscriptions.$inferInsert,
): Promise<SubscriptionRow> {
  const [made] = await tx.insert(subscriptions).values(row).returning(shown)
  if (!made) throw new Error('an insert returned no row')
  return made
}

/** @returns what was revoked; `null`: there was nothing */
export async function deleteSubscription(
  tx: Tx,
  whose: Whose,
  id: string,
): Promise<SubscriptionRow | null> {
  const [gone] = await tx
    .delete(subscriptions)
    .where(and(visible(whose), eq(subscriptions.id, id)))
    .returning(shown)
  return gone ?? null
}

/** Newest first. */
export const listSubscriptionRows = (
  db: Db,
  { before, limit, ...whose }: Whose & { before: string | null; limit: number },
): Promise<SubscriptionRow[]> =>
  db
    .select(shown)
    .from(subscriptions)
    .where(and(visible(whose), before === null ? undefined : lt(subscriptions.id, before)))
    .orderBy(desc(subscriptions.id))
    .limit(limit)

/** With the hash of its secret, when its user may still read: not disabled, and no guest or program. */
export async function findOpenSubscription(
  db: Db,
  { tenantId, id }: { tenantId: string; id: string },
) {
  const [row] = await db
    .select({ ...shown, secretSha256: subscriptions.secretSha256 })
    .from(subscriptions)
    .innerJoin(
      users,
      and(eq(users.tenantId, subscriptions.tenantId), eq(users.id, subscriptions.userId)),
    )
    .where(
      and(
        eq(subscriptions.tenantId, tenantId),
        eq(subscriptions.id, id),
        isNull(users.disabledAt),
        inArray(users.role, ['admin', 'editor', 'viewer']),
      ),
    )
  return row ?? null
}
