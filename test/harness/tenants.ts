import { randomUUID } from 'node:crypto'
import { uuidv7 } from 'uuidv7'
import type { Db } from '../../db/client.ts'
import { apiKeys, type Role, roles, tenants, users } from '../../db/schema/index.ts'
import { newKey } from '../../functions/_shared/access/keys.ts'

/** A tenant with one admin, who holds a key of every role. */
export type TestTenant = {
  id: string
  name: string
  admin: { id: string; email: string }
  keys: Record<Role, string>
  keyIds: Record<Role, string>
}

/** Writes a tenant, its admin user and one key of every role. */
export async function createTenant(
  db: Db,
  options: { isOperator?: boolean } = {},
): Promise<TestTenant> {
  const id = uuidv7()
  const name = `tenant ${randomUUID()}`
  const admin = { id: uuidv7(), email: `admin-${id}@octavo.test` }
  await db.insert(tenants).values({ id, name, isOperator: options.isOperator ?? false })
  await db.insert(users).values({
    tenantId: id,
    id: admin.id,
    email: admin.email,
    displayName: 'Admin',
    role: 'admin' as const,
  })
  const issued = await Promise.all(roles.map(async (role) => ({ role, ...(await issue()) })))
  await db.insert(apiKeys).values(
    issued.map(({ role, keyId, secretSha256 }) => ({
      tenantId: id,
      id: keyId,
      userId: admin.id,
      name: `${role} key`,
      role,
      secretSha256,
    })),
  )
  const byRole = (pick: (key: (typeof issued)[number]) => string) =>
    Object.fromEntries(issued.map((key) => [key.role, pick(key)])) as Record<Role, string>
  return { id, name, admin, keys: byRole((key) => key.text), keyIds: byRole((key) => key.keyId) }
}

/** Another editor of a tenant. @returns their id and a key */
export async function addEditor(db: Db, tenantId: string): Promise<{ id: string; key: string }> {
  const user = { tenantId, id: uuidv7(), role: 'editor' as const }
  await db
    .insert(users)
    .values({ ...user, email: `editor-${user.id}@octavo.test`, displayName: 'Editor' })
  const { keyId, text, secretSha256 } = await issue()
  const key = { tenantId, id: keyId, userId: user.id, name: 'editor key', role: user.role }
  await db.insert(apiKeys).values({ ...key, secretSha256 })
  return { id: user.id, key: text }
}

async function issue() {
  const keyId = uuidv7()
  return { keyId, ...(await newKey(keyId)) }
}
