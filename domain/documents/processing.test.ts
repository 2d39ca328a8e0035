import { and, eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { documentPages, documents } from '../../db/schema/index.ts'
import { storeDocument } from '../../test/fixtures/stored-document.ts'
import { openTestDatabase } from '../../test/harness/setup.ts'
import { memoryStorage } from '../../test/harness/storage.ts'
import { createTenant } from '../../test/harness/tenants.ts'
import { appendPages, beginPages, DocumentGone } from './processing.ts'

async function setup() {
  const { db } = await openTestDatabase()
  const tenant = await createTenant(db)
  const stored = { tenant, bytes: new Uint8Array(1) }
  const { tenantId, id, jobId } = await storeDocument({ db, storage: memoryStorage() }, stored)
  const of = { tenantId, documentId: id, jobId }
  const mine = and(eq(documents.tenantId, tenantId), eq(documents.id, id))
  return { db, of, state: async () => (await db.select().from(documents).where(mine))[0] }
}

const page = (number: number) => ({ number, text: 'a page', words: new Uint8Array(0) })

test('to append no pages adds the time that was spent, and keeps pages and progress', async () => {
  const { db, of, state } = await setup()
  const header = { pageCount: 3, title: null, author: null, restart: false }
  await db.transaction(async (tx) => {
    await beginPages(tx, of, header)
    await appendPages(tx, of, { pages: [page(1), page(2)], spentMs: 10 })
  })
  await db.transaction((tx) => appendPages(tx, of, { pages: [], spentMs: 5 }))
  expect(await state()).toMatchObject({ pagesDone: 2, extractionMs: 15, status: 'processing' })
  expect(await db.$count(documentPages, eq(documentPages.tenantId, of.tenantId))).toBe(2)
})

test('to append no pages to a document of another job fails like any other write to it', async () => {
  const { db, of } = await setup()
  const stale = { ...of, jobId: of.documentId }
  const appended = db.transaction((tx) => appendPages(tx, stale, { pages: [], spentMs: 5 }))
  await expect(appended).rejects.toThrow(DocumentGone)
})
