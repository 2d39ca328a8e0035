import { eq, sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { onFileEnd, testDatabase } from '../test/harness/database.ts'
import { openDatabase } from './client.ts'
import { apiKeys, idempotencyKeys, tenants, users } from './schema/index.ts'
import { deleteExpiredIdempotencyKeys, findKey } from './system.ts'

const tenantId = '01930000-0000-7000-8000-00000000000a'
const userId = '01930000-0000-7000-8000-00000000000b'
const keyId = '01930000-0000-7000-8000-00000000000c'
const expiresAt = new Date('2027-01-02T03:04:05.678Z')

async function setup() {
  const { url } = await testDatabase()
  const database = openDatabase({
    url,
    poolMax: 2,
    prepare: true,
    applicationName: 'octavo-test',
    statementTimeoutMs: 5_000,
    connectTimeoutMs: 2_000,
  })
  onFileEnd(() => database.close())
  const { db } = database
  await db
    .insert(tenants)
    .values({ id: tenantId, name: 'a', isOperator: true })
    .onConflictDoNothing()
  await db
    .insert(users)
    .values({ tenantId, id: userId, email: 'a@b.test', displayName: 'A', role: 'editor' })
    .onConflictDoNothing()
  return db
}

test('a key is found by its id alone, with what its rights depend on', async () => {
  const db = await setup()
  const secretSha256 = new Uint8Array(32).fill(7)
  await db.insert(apiKeys).values({
    tenantId,
    id: keyId,
    userId,
    name: 'key',
    role: 'viewer',
    secretSha256,
    expiresAt,
  })
  await db.update(users).set({ disabledAt: expiresAt }).where(eq(users.id, userId))
  const found = await findKey(db, keyId)
  expect(found && { ...found, secretSha256: [...found.secretSha256] }).toEqual({
    tenantId,
    keyId,
    userId,
    role: 'viewer',
    userRole: 'editor',
    creatorRole: null,
    isOperator: true,
    secretSha256: [...secretSha256],
    expiresAt,
    revokedAt: null,
    disabledAt: expiresAt,
  })
})

test('an unknown key has no row', async () => {
  expect(await findKey(await setup(), tenantId)).toBeNull()
})

test('retention takes the replies that expired, a bounded number at a time, and no other', async () => {
  const db = await setup()
  await db.execute(sql`insert into idempotency_keys
    (tenant_id, user_id, key, token, operation_id, status, started_at, expires_at)
    select ${tenantId}, ${userId}, 'k' || n, ${keyId}, 'op', 'in_flight', now(),
      case when n <= 1500 then timestamptz '2026-01-01' else timestamptz '2026-01-03' end
    from generate_series(1, 1502) n`)
  const at = new Date('2026-01-02T00:00:00Z')
  expect(await deleteExpiredIdempotencyKeys(db, at)).toBe(1_000)
  expect(await deleteExpiredIdempotencyKeys(db, at)).toBe(500)
  expect(await deleteExpiredIdempotencyKeys(db, at)).toBe(0)
  expect(await db.$count(idempotencyKeys)).toBe(2)
})
