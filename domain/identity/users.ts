import { uuidv7 } from 'uuidv7'
import type { Tx } from '../../db/client.ts'
import { type Role, users } from '../../db/schema/index.ts'

export type UserRow = typeof users.$inferSelect

type NewUser = { tenantId: string; email: string; displayName: string; role: Role }

/**
 * Writes a user; the email is stored in lower case.
 * @throws the constraint `users_email_is_unique_in_tenant`
 */
export async function insertUser(tx: Tx, user: NewUser, at: Date): Promise<UserRow> {
  const email = user.email.toLowerCase()
  const [row] = await tx
    .insert(users)
    .values({ ...user, email, id: uuidv7(), createdAt: at, updatedAt: at })
    .returning()
  if (!row) throw new Error('an insert returned no row')
  return row
}
