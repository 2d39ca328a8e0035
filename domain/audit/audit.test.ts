import { readFileSync } from 'node:fs'
import { uuidv7 } from 'uuidv7'
import { expect, test } from 'vitest'
import { filesEndingIn } from '../../test/architecture/sources.ts'
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

test('no statement of ours changes or deletes a row: it is only ever appended to', () => {
  const changing = /\b(update|delete)\(auditLog\)|\b(update|delete from|truncate)\s+audit_log\b/i
  const sources = filesEndingIn('ts').filter((path) => !/\.test\.ts$|^test\//.test(path))
  expect(sources.filter((path) => changing.test(readFileSync(path, 'utf8')))).toEqual([])
})

test('the rows go with their tenant', async () => {
  const { db, tenantId, read } = await setupChain(2)
  await db.transaction((tx) => deleteTenant(tx, tenantId))
  expect(await read()).toEqual([])
})
