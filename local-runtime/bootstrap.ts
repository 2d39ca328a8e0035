import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { uuidv7 } from 'uuidv7'
import type { Db, Tx } from '../db/client.ts'
import type { Role } from '../db/schema/index.ts'
import { findKey } from '../db/system.ts'
import { type AuditEntry, appendAudit } from '../domain/audit/append.ts'
import { insertKey } from '../domain/identity/keys.ts'
import {
  findOperatorTenant,
  findTenantByName,
  findUserIdByEmail,
  insertTenant,
} from '../domain/identity/tenants.ts'
import { insertUser } from '../domain/identity/users.ts'
import { equalBytes, hashSecret, newKey, parseKey } from '../functions/_shared/access/keys.ts'

const operatorName = 'operator'
const adminEmail = 'admin@system.local'

/** A key as it is shown once. */
export type IssuedKey = { tenantId: string; key: string }

/**
 * Makes sure that the operator's tenant, its admin and a working key in `keyFile` exist. May be killed anywhere and run
 * again: the key is written beside the file before its row is committed, and renamed after.
 * @returns what had to be done
 */
export async function ensureOperator(
  db: Db,
  keyFile: string,
): Promise<'created' | 'repaired' | 'unchanged'> {
  if (await isWorking(db, keyFile)) return 'unchanged'
  const pending = `${keyFile}.pending`
  if (await isWorking(db, pending)) {
    renameSync(pending, keyFile)
    return 'repaired'
  }
  const existing = await findOperatorTenant(db)
  await db.transaction(async (tx) => {
    const at = new Date()
    const tenant =
      existing ?? (await insertTenant(tx, { name: operatorName, isOperator: true }, at))
    const key = await issueFirstKey(tx, tenant.id)
    writeFileSync(pending, `${key}\n`, { mode: 0o600, flush: true })
  })
  renameSync(pending, keyFile)
  return existing ? 'repaired' : 'created'
}

/**
 * Makes a tenant with an admin and a key.
 * @throws the constraint `tenants_name_is_unique`
 */
export async function createTenant(db: Db, name: string): Promise<IssuedKey> {
  return db.transaction(async (tx) => {
    const tenant = await insertTenant(tx, { name, isOperator: false }, new Date())
    return { tenantId: tenant.id, key: await issueFirstKey(tx, tenant.id) }
  })
}

type KeyRequest = { tenant?: string; email?: string; name: string; role: Role }

/**
 * Makes a key for a user of a tenant: the operator's admin, unless told otherwise. Recovers a lost key.
 * @throws {Error} no such tenant, or no such user in it
 */
export async function createKey(
  db: Db,
  { tenant: name, email, ...grant }: KeyRequest,
): Promise<IssuedKey> {
  const tenant =
    name === undefined ? await findOperatorTenant(db) : await findTenantByName(db, name)
  if (tenant === null) throw new Error(`There is no tenant ${name ?? operatorName}.`)
  const userId = await findUserIdByEmail(db, tenant.id, email ?? adminEmail)
  if (userId === null)
    throw new Error(`The tenant ${tenant.name} has no user ${email ?? adminEmail}.`)
  const key = await db.transaction((tx) => issueKey(tx, { ...grant, tenantId: tenant.id, userId }))
  return { tenantId: tenant.id, key }
}

async function issueFirstKey(tx: Tx, tenantId: string): Promise<string> {
  const existing = await findUserIdByEmail(tx, tenantId, adminEmail)
  const userId = existing ?? (await insertAdmin(tx, tenantId))
  const grant = { tenantId, userId, name: 'first admin key', role: 'admin' as const }
  const key = await issueKey(tx, grant)
  if (existing === null)
    await tell(tx, { tenantId, action: 'user.created', subjectType: 'user', subjectId: userId })
  return key
}

async function insertAdmin(tx: Tx, tenantId: string): Promise<string> {
  const admin = { email: adminEmail, displayName: 'Administrator', role: 'admin' as const }
  return (await insertUser(tx, { ...admin, tenantId }, new Date())).id
}

// By nobody's key: whoever may run the command line on this machine may do everything.
const tell = (
  tx: Tx,
  entry: Pick<AuditEntry, 'tenantId' | 'action' | 'subjectType' | 'subjectId'>,
  role: Role = 'admin',
): Promise<void> =>
  appendAudit(tx, { ...entry, actor: null, requestId: null, detail: { role }, at: new Date() })

type Grant = { tenantId: string; userId: string; name: string; role: Role }

async function issueKey(tx: Tx, grant: Grant): Promise<string> {
  const id = uuidv7()
  const { text, secretSha256 } = await newKey(id)
  const row = { ...grant, id, secretSha256, createdByUserId: null, expiresAt: null }
  await insertKey(tx, row, new Date())
  const { tenantId, role } = grant
  await tell(tx, { tenantId, action: 'key.created', subjectType: 'key', subjectId: id }, role)
  return text
}

/** Does this file hold a key that the functions accept from an operator's admin? */
async function isWorking(db: Db, file: string): Promise<boolean> {
  const parsed = parseKey(readText(file).trim())
  if (!parsed) return false
  const row = await findKey(db, parsed.keyId)
  if (!row?.isOperator || row.revokedAt || row.disabledAt) return false
  if (row.expiresAt && row.expiresAt <= new Date()) return false
  return equalBytes(row.secretSha256, await hashSecret(parsed.secret))
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw err
  }
}
