import { and, asc, eq, sql } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import { expect, test } from 'vitest'
import { auditLog } from '../../db/schema/index.ts'
import { openTestDatabase } from '../../test/harness/setup.ts'
import { createTenant } from '../../test/harness/tenants.ts'
import { type AuditEntry, appendAudit } from './append.ts'
import { verifyAudit } from './verify.ts'

async function newChain(rows: number) {
  const { db } = await openTestDatabase()
  const { id: tenantId } = await createTenant(db)
  const append = (more: Partial<AuditEntry> = {}) =>
    db.transaction((tx) =>
      appendAudit(tx, {
        tenantId,
        action: 'user.changed',
        subjectType: 'user',
        subjectId: uuidv7(),
        actor: null,
        requestId: 'request-1',
        at: new Date('2026-11-20T08:00:00.123Z'),
        ...more,
      }),
    )
  for (let i = 0; i < rows; i++) await append({ detail: { b: i, a: { d: null, c: ['x', 1.5] } } })
  const owned = eq(auditLog.tenantId, tenantId)
  const read = () => db.select().from(auditLog).where(owned).orderBy(asc(auditLog.seq))
  const at = (seq: number) => and(owned, eq(auditLog.seq, seq))
  return { db, tenantId, append, read, at }
}

test('rows written at once get every number from 1, once each, and link up', async () => {
  const { db, tenantId, append, read } = await newChain(0)
  await Promise.all(Array.from({ length: 20 }, () => append()))
  const seqs = (await read()).map((row) => row.seq)
  expect(seqs).toEqual(Array.from({ length: 20 }, (_, i) => i + 1))
  expect(await verifyAudit(db, tenantId)).toEqual({ rows: 20, fault: null })
})

test('a change that is rolled back leaves no row and no gap', async () => {
  const { db, tenantId, append, read } = await newChain(1)
  const undone = db.transaction(async (tx) => {
    await appendAudit(tx, {
      tenantId,
      action: 'user.deleted',
      subjectType: 'user',
      subjectId: uuidv7(),
      actor: null,
      requestId: null,
      at: new Date(),
    })
    throw new Error('undo')
  })
  await expect(undone).rejects.toThrow('undo')
  await append()
  expect((await read()).map((row) => row.seq)).toEqual([1, 2])
})

test('each tenant has a chain of its own', async () => {
  const [one, two] = await Promise.all([newChain(2), newChain(1)])
  expect((await one.read()).map((row) => row.seq)).toEqual([1, 2])
  expect((await two.read()).map((row) => row.seq)).toEqual([1])
})

test.each([
  ['action', { action: 'user.created' }],
  ['actor', { actorUserId: '0199a1c2-77aa-7aaa-8aaa-000000000001' }],
  ['subject', { subjectId: '0199a1c2-77aa-7aaa-8aaa-000000000001' }],
  ['request', { requestId: 'request-2' }],
  ['detail', { detail: { b: 1, a: { d: null, c: ['x', 1.6] } } }],
  ['time, by a microsecond', { createdAt: sql`created_at + interval '1 microsecond'` }],
  ['hash', { hash: new Uint8Array(32) }],
  ['link', { prevHash: new Uint8Array(32) }],
])('a row whose %s was altered is named', async (_, change) => {
  const { db, tenantId, read, at } = await newChain(4)
  await db.update(auditLog).set(change).where(at(2))
  const id = (await read())[1]?.id
  expect(await verifyAudit(db, tenantId)).toEqual({
    rows: 1,
    fault: { seq: 2, id, reason: 'altered' },
  })
})

test('a row that was taken out is named by the one after it', async () => {
  const { db, tenantId, read, at } = await newChain(3)
  const id = (await read())[2]?.id
  await db.delete(auditLog).where(at(2))
  const fault = { seq: 3, id, reason: 'row missing before' }
  expect(await verifyAudit(db, tenantId)).toEqual({ rows: 1, fault })
})

test('a row that was rewritten with a fitting hash breaks the chain at the next one', async () => {
  const { db, tenantId, read, at } = await newChain(3)
  const { auditHash } = await import('./canonical.ts')
  const [, second, third] = await read()
  if (!second) throw new Error('the chain has three rows')
  const forged = { ...second, action: 'user.created' }
  const createdAt = second.createdAt.toISOString().replace('Z', '000Z')
  const hash = await auditHash(second.prevHash, { ...forged, createdAt })
  await db.update(auditLog).set({ action: forged.action, hash }).where(at(2))
  const verdict = await verifyAudit(db, tenantId)
  expect(verdict.fault).toEqual({ seq: 3, id: third?.id, reason: 'altered' })
})
