import {
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { asc, eq } from 'drizzle-orm'
import { afterEach, expect, test } from 'vitest'
import { auditLog } from '../db/schema/index.ts'
import { findKey } from '../db/system.ts'
import { deleteTenant, findOperatorTenant } from '../domain/identity/tenants.ts'
import { hashSecret, parseKey } from '../functions/_shared/access/keys.ts'
import { openTestDatabase } from '../test/harness/setup.ts'
import { createKey, createTenant, ensureOperator } from './bootstrap.ts'

const folders: string[] = []

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

async function setup() {
  const { db } = await openTestDatabase()
  const folder = mkdtempSync(join(tmpdir(), 'octavo-bootstrap-'))
  folders.push(folder)
  const keyFile = join(folder, 'admin-key')
  const keyIn = (file: string) => readFileSync(file, 'utf8').trim()
  return { db, keyFile, keyIn, pending: `${keyFile}.pending` }
}

test('the first start makes the operator, and a key for nobody but this user; the next changes nothing', async () => {
  const { db, keyFile, keyIn } = await setup()
  await ensureOperator(db, keyFile)
  const key = keyIn(keyFile)
  expect(statSync(keyFile).mode & 0o777).toBe(0o600)
  const parsed = parseKey(key)
  const row = await findKey(db, parsed?.keyId ?? '')
  expect(row).toMatchObject({ isOperator: true, role: 'admin', userRole: 'admin' })
  expect(new Uint8Array(row?.secretSha256 ?? [])).toEqual(await hashSecret(parsed?.secret ?? ''))
  expect(await ensureOperator(db, keyFile)).toBe('unchanged')
  expect(keyIn(keyFile)).toBe(key)
})

test('a start that was killed between the commit and the file is repaired with the same key', async () => {
  const { db, keyFile, keyIn, pending } = await setup()
  await ensureOperator(db, keyFile)
  const key = keyIn(keyFile)
  renameSync(keyFile, pending)
  expect(await ensureOperator(db, keyFile)).toBe('repaired')
  expect(keyIn(keyFile)).toBe(key)
  expect(existsSync(pending)).toBe(false)
})

test('a start that was killed before the commit, and a lost key, end in a new key that works', async () => {
  const { db, keyFile, keyIn, pending } = await setup()
  await ensureOperator(db, keyFile)
  const tenant = await findOperatorTenant(db)
  writeFileSync(pending, keyIn(keyFile).replaceAll(/[0-9]/g, '0'))
  rmSync(keyFile)
  expect(await ensureOperator(db, keyFile)).toBe('repaired')
  expect(await ensureOperator(db, keyFile)).toBe('unchanged')
  expect((await findOperatorTenant(db))?.id).toBe(tenant?.id)
})

test('a tenant comes with an admin and a key, and its name cannot be taken twice', async () => {
  const { db } = await setup()
  const { tenantId, key } = await createTenant(db, 'Acme')
  const row = await findKey(db, parseKey(key)?.keyId ?? '')
  expect(row).toMatchObject({ tenantId, role: 'admin', isOperator: false })
  await expect(createTenant(db, 'Acme')).rejects.toMatchObject({
    cause: { constraint_name: 'tenants_name_is_unique' },
  })
})

test('the first admin and their key stand in the audit log of the tenant', async () => {
  const { db } = await setup()
  const { tenantId, key } = await createTenant(db, 'Audited')
  const { keyId = '' } = parseKey(key) ?? {}
  const { userId } = (await findKey(db, keyId)) ?? {}
  const rows = await db
    .select({ action: auditLog.action, subjectId: auditLog.subjectId, detail: auditLog.detail })
    .from(auditLog)
    .where(eq(auditLog.tenantId, tenantId))
    .orderBy(asc(auditLog.seq))
  const detail = { role: 'admin' }
  expect(rows).toEqual([
    { action: 'key.created', subjectId: keyId, detail },
    { action: 'user.created', subjectId: userId, detail },
  ])
})

test('a key is made for a named user of a named tenant, and for nobody else', async () => {
  const { db, keyFile } = await setup()
  await ensureOperator(db, keyFile)
  const { tenantId } = await createTenant(db, 'Bolt')
  const issued = await createKey(db, { tenant: 'Bolt', name: 'spare', role: 'viewer' })
  expect(issued.tenantId).toBe(tenantId)
  const recovered = await createKey(db, { name: 'spare', role: 'admin' })
  expect(await findKey(db, parseKey(recovered.key)?.keyId ?? '')).toMatchObject({
    isOperator: true,
  })
  const unknown = { tenant: 'Nobody', name: 'a', role: 'viewer' as const }
  await expect(createKey(db, unknown)).rejects.toThrow('There is no tenant Nobody.')
  const stranger = { tenant: 'Bolt', email: 'x@y.z', name: 'a', role: 'viewer' as const }
  await expect(createKey(db, stranger)).rejects.toThrow('has no user x@y.z')
})

test('a deleted tenant is gone with its keys, and the operator cannot be deleted', async () => {
  const { db, keyFile } = await setup()
  await ensureOperator(db, keyFile)
  const { tenantId, key } = await createTenant(db, 'Gone')
  expect(await db.transaction((tx) => deleteTenant(tx, tenantId))).toEqual([])
  expect(await findKey(db, parseKey(key)?.keyId ?? '')).toBeNull()
  expect(await db.transaction((tx) => deleteTenant(tx, tenantId))).toBeNull()
  const operator = await findOperatorTenant(db)
  expect(await db.transaction((tx) => deleteTenant(tx, operator?.id ?? ''))).toBeNull()
})
