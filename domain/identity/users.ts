import { uuidv7 } from 'uuidv7'
import type { Tx } from '../../db/client.ts'
import { type Role, users } from '../../db/schema/index.ts'

export type UserRow = typeof users.$inferSelect

/** `email` is `null` for guests alone. */
type NewUser = { tenantId: string; email: string | null; displayName: string; role: Role }

/**
 * Writes a user; the email is stored in lower case.
 * @throws the constraints `users_email_is_unique_in_tenant`, `users_email_is_known_but_of_guests`
 */
export async function insertUser(tx: Tx, user: NewUser, at: Date): Promise<UserRow> {
  const email = user.email?.toLowerCase() ?? null
  const [row] = await tx
    .insert(users)
    .values({ ...user, email, id: uuidv7(), createdAt: at, updatedAt: at })
    .returning()
  if (!row) throw new Error('an insert returned no row')
  return row
}
