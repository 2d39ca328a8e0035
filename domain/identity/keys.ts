import { getTableColumns } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { apiKeys, type Role } from '../../db/schema/index.ts'

const { secretSha256, ...shown } = getTableColumns(apiKeys)

/** The columns that may leave the database: all but the hash of the secret. */
export const keyColumns = shown
export type KeyRow = Omit<typeof apiKeys.$inferSelect, 'secretSha256'>

type NewKeyRow = {
  tenantId: string
  /** Part of the credential's text, so the caller makes it. */
  id: string
  userId: string
  name: string
  role: Role
  secretSha256: Uint8Array
  /** `null`: the operator's command line. */
  createdByUserId: string | null
  expiresAt: Date | null
}

/** Writes a key. @throws the constraint `api_keys_user_exists` */
export async function insertKey(tx: Tx, key: NewKeyRow, at: Date): Promise<KeyRow> {
  const [row] = await tx
    .insert(apiKeys)
    .values({ ...key, createdAt: at })
    .returning(keyColumns)
  if (!row) throw new Error('an insert returned no row')
  return row
}
