import type { Tx } from '../../db/client.ts'
import { insertKey, type KeyRow } from './keys.ts'
import { insertUser, type UserRow } from './users.ts'

type NewGuest = {
  tenantId: string
  displayName: string
  email?: string | null
  /** Its id is part of the credential's text, so the caller makes both. */
  key: { id: string; name: string; secretSha256: Uint8Array; expiresAt: Date }
}

/**
 * Writes a guest with the one key that they come in with. A guest sees the channels that they are a member of, and nothing
 * else; the key ends by itself. Whoever calls this audits it (`user.created`, `detail.role` = `guest`).
 * @throws the constraint `users_email_is_unique_in_tenant`
 */
export async function insertGuest(
  tx: Tx,
  { tenantId, displayName, email = null, key }: NewGuest,
  at: Date,
): Promise<{ user: UserRow; key: KeyRow }> {
  const user = await insertUser(tx, { tenantId, email, displayName, role: 'guest' }, at)
  const { id: userId } = user
  // By themselves: their rights then hang on nobody who may leave or lose a role.
  const made = { ...key, tenantId, userId, role: 'guest' as const, createdByUserId: userId }
  return { user, key: await insertKey(tx, made, at) }
}
