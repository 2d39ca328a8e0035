import { and, eq, sql } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import { expect, test } from 'vitest'
import { documents, jobs } from '../../db/schema/index.ts'
import { recoverExpiredLeases } from '../../db/system.ts'
import { addDocument, failDocument } from '../../test/harness/documents.ts'
import { openTestDatabase } from '../../test/harness/setup.ts'
import { createTenant } from '../../test/harness/tenants.ts'
import { listenToChanges } from '../../test/harness/webhooks.ts'
import { reprocessDocument } from '../documents/processing.ts'
import { removeDocument } from '../documents/removal.ts'
import { moveDocument } from '../documents/trash.ts'
import { cancelJob } from '../jobs/queue.ts'

/** A document that has been read and waits to be read again. */
async function reprocessing() {
  const { db } = await openTestDatabase()
  const tenant = await createTenant(db)
  const { id } = await addDocument(db, {
    tenantId: tenant.id,
    userId: tenant.admin.id,
    pages: [''],
  })
  const of = { tenantId: tenant.id, documentId: id, jobId: uuidv7() }
  await db.transaction((tx) => reprocessDocument(tx, of))
  const document = { id, job_id: of.jobId, status: 'pending', version: 3 }
  const told = await listenToChanges(db, tenant.id)
  return { db, of, document, tenantId: tenant.id, told, admin: tenant.admin }
}

test('a document that has been read is one event', async () => {
  const { db, tenantId, told, admin } = await reprocessing()
  const { id } = await addDocument(db, { tenantId, userId: admin.id, pages: ['a', 'b'] })
  expect(await told()).toEqual([
    { type: 'document.completed', subjectId: id, data: { page_count: 2 } },
  ])
})

test('a document that could not be read is one event', async () => {
  const { db, tenantId, document, told } = await reprocessing()
  await failDocument(db, { tenantId, document, code: 'damaged' })
  expect(await told()).toEqual([
    { type: 'document.failed', subjectId: document.id, data: { failure_code: 'damaged' } },
  ])
})

test('a document whose last worker died is one event', async () => {
  const { db, of, document, told } = await reprocessing()
  const past = new Date(0)
  await db
    .update(jobs)
    .set({
      ...{ status: 'running', leaseToken: uuidv7(), attempts: 1, attemptsMax: 1 },
      ...{ leasedAt: past, leaseExpiresAt: past },
    })
    .where(and(eq(jobs.tenantId, of.tenantId), eq(jobs.id, of.jobId)))
  await recoverExpiredLeases(db, 100)
  expect(await told()).toEqual([
    { type: 'document.failed', subjectId: document.id, data: { failure_code: 'timeout' } },
  ])
})

test('a document whose run is cancelled has not failed', async () => {
  const { db, of, told } = await reprocessing()
  await db.transaction((tx) => cancelJob(tx, { tenantId: of.tenantId, id: of.jobId }))
  expect(await told()).toEqual([])
})

test('a document that is put into the trash and taken out again is two events, however often it is asked for', async () => {
  const { db, tenantId, document, told } = await reprocessing()
  for (const isTrashed of [true, true, false, false])
    await db.transaction((tx) =>
      moveDocument(tx, { tenantId, id: document.id, isTrashed, at: new Date() }),
    )
  expect((await told()).map(({ type, subjectId }) => [type, subjectId])).toEqual([
    ['document.trashed', document.id],
    ['document.restored', document.id],
  ])
})

test('a deleted document is one event, and none when the deletion is taken back', async () => {
  const { db, tenantId, document, told } = await reprocessing()
  const of = { tenantId, documentId: document.id, versions: null, requestId: null }
  const rolledBack = db.transaction(async (tx) => {
    await removeDocument(tx, of)
    throw new Error('taken back')
  })
  await expect(rolledBack).rejects.toThrow('taken back')
  expect(await told()).toEqual([])
  await db.transaction((tx) => removeDocument(tx, of))
  expect(await db.$count(documents, sql`tenant_id = ${tenantId}`)).toBe(0)
  expect(await told()).toEqual([{ type: 'document.deleted', subjectId: document.id, data: {} }])
})
