import { and, eq, sql } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import { expect, test } from 'vitest'
import { auditLog } from '../../db/schema/index.ts'
import { faultsOf, setupChain } from '../../test/fixtures/auditing.ts'
import { deleteTenant } from '../identity/tenants.ts'
import { appendAudit } from './append.ts'

test('rows written at once get every number from 1, once each, and link up', async () => {
  const { db, tenantId, append, read } = await setupChain(0)
  await Promise.all(Array.from({ length: 20 }, () => append()))
  const seqs = (await read()).map((row) => row.seq)
  expect(seqs).toEqual(Array.from({ length: 20 }, (_, i) => i + 1))
  expect(await faultsOf(db, tenantId)).toEqual([])
})

test('a change that is rolled back leaves no row and no gap', async () => {
  const { db, tenantId, append, read } = await setupChain(1)
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
  const [one, two] = await Promise.all([setupChain(2), setupChain(1)])
  expect((await one.read()).map((row) => row.seq)).toEqual([1, 2])
  expect((await two.read()).map((row) => row.seq)).toEqual([1])
})

test('the database itself changes and deletes no row', async () => {
  const { db, tenantId, read } = await setupChain(2)
  const before = await read()
  const second = and(eq(auditLog.tenantId, tenantId), eq(auditLog.seq, 2))
  for (const change of [
    () => db.update(auditLog).set({ action: 'user.created' }).where(second),
    () => db.delete(auditLog).where(second),
    () => db.execute(sql`truncate audit_log`),
  ])
    await expect(change()).rejects.toMatchObject({ cause: { code: '23001' } })
  expect(await read()).toEqual(before)
})

test('the rows go with their tenant', async () => {
  const { db, tenantId, read } = await setupChain(2)
  await db.transaction((tx) => deleteTenant(tx, tenantId))
  expect(await read()).toEqual([])
})
