import { and, eq, sql } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import { expect, test } from 'vitest'
import { documentPages, documents, jobs } from '../../db/schema/index.ts'
import { type LeasedJob, leaseJobs } from '../../db/system.ts'
import { storeDocument } from '../../test/fixtures/stored-document.ts'
import { claimOf } from '../../test/harness/claims.ts'
import { openTestDatabase } from '../../test/harness/setup.ts'
import { memoryStorage } from '../../test/harness/storage.ts'
import { createTenant } from '../../test/harness/tenants.ts'
import { completeJob } from '../jobs/lease.ts'
import { cancelJob } from '../jobs/queue.ts'
import {
  divideIntoPages,
  giveUpPendingPages,
  pageJobKind,
  pendingPages,
  reopenUnreadPages,
  storePage,
} from './page-parts.ts'
import {
  appendPages,
  beginPages,
  DocumentGone,
  extractionJobKind,
  finishPages,
  reprocessDocument,
} from './processing.ts'
import { lockRunOfDocument } from './run-lock.ts'

const page = (number: number, text = '') => ({
  ...{ number, text, words: new Uint8Array(0), failureCode: null },
  ...{ textChoice: 'mixed' as const, textReason: 'little_text_and_a_large_image' as const },
})

/** A document of three pages whose pictures are to be read, divided; parts that are leased. */
async function divided(pagesMax = 3) {
  const { db } = await openTestDatabase()
  const tenant = await createTenant(db)
  const stored = { tenant, bytes: new Uint8Array(1) }
  const { tenantId, id, jobId } = await storeDocument({ db, storage: memoryStorage() }, stored)
  const of = { tenantId, documentId: id, jobId }
  const claim = (kind: string) => leaseJobs(db, claimOf(kind, { limit: 100, tenantId }))
  const [lease] = await claim(extractionJobKind)
  await db.transaction(async (tx) => {
    await beginPages(tx, of, { pageCount: 3, title: null, author: null, restart: false })
    const pages = [1, 2, 3].map((number) => ({ ...page(number, 'a stamp'), pending: true }))
    await appendPages(tx, of, { pages, spentMs: 1 })
  })
  const division = { pages: await pendingPages(db, of), pagesMax, spentMs: 1 }
  const to = { of, lease: lease as LeasedJob }
  await db.transaction((tx) => divideIntoPages(tx, to, division))
  const mine = and(eq(documents.tenantId, tenantId), eq(documents.id, id))
  const document = async () => (await db.select().from(documents).where(mine))[0]
  const pages = () =>
    db
      .select()
      .from(documentPages)
      .where(and(eq(documentPages.tenantId, tenantId), eq(documentPages.documentId, id)))
      .orderBy(documentPages.number)
  const store = (number: number, change: Partial<Parameters<typeof storePage>[2]['page']> = {}) =>
    db.transaction((tx) =>
      storePage(tx, of, { page: { ...page(number, 'a stamp\na word'), ...change }, spentMs: 5 }),
    )
  return { db, of, document, pages, store, parts: () => claim(pageJobKind) }
}

test('a page counts once, however often it is stored, and only the first is kept', async () => {
  const { document, pages, store } = await divided()
  expect(await document()).toMatchObject({ status: 'processing', pagesDone: 0, pageCount: 3 })
  await store(2)
  await store(2, { text: 'late' })
  expect(await document()).toMatchObject({ pagesDone: 1, extractionMs: 12 })
  expect((await pages()).map(({ text, pending }) => [text, pending])).toEqual([
    ['a stamp', true],
    ['a stamp\na word', false],
    ['a stamp', true],
  ])
})

test('a page that fails keeps its text layer, one that was lost is given up, and both are read again', async () => {
  const { db, of, document, pages, store } = await divided()
  await store(1)
  await store(2, { text: '', failureCode: 'out_of_memory' })
  await db.transaction(async (tx) => {
    await giveUpPendingPages(tx, of)
    expect(await finishPages(tx, of, 1)).toBeNull()
  })
  const codes = async () => (await pages()).map(({ text, failureCode }) => [text, failureCode])
  expect(await codes()).toEqual([
    ['a stamp\na word', null],
    ['a stamp', 'out_of_memory'],
    ['a stamp', 'timeout'],
  ])
  const source = { textChoice: 'mixed', textReason: 'little_text_and_a_large_image' }
  expect(await document()).toMatchObject({ status: 'completed', pagesDone: 3, ...source })
  expect(await db.transaction((tx) => reopenUnreadPages(tx, of))).toBe(2)
  expect(await document()).toMatchObject({ pagesDone: 1 })
  expect(await pendingPages(db, of)).toEqual([2, 3])
})

test('pages over the limit are read no further, and count as read', async () => {
  const { document, pages, parts } = await divided(1)
  expect((await parts()).map(({ payload }) => payload.page)).toEqual([1])
  expect(await document()).toMatchObject({ pagesDone: 2 })
  expect((await pages()).map(({ textReason }) => textReason)).toEqual([
    'little_text_and_a_large_image',
    'over_ocr_page_limit',
    'over_ocr_page_limit',
  ])
})

test('a part writes nothing to a document that is cancelled or belongs to a later run', async () => {
  const cancelled = await divided()
  const { tenantId, jobId } = cancelled.of
  await cancelled.db.transaction((tx) => cancelJob(tx, { tenantId, id: jobId }))
  expect(await cancelled.document()).toMatchObject({ status: 'cancelled', pagesDone: 0 })
  await expect(cancelled.store(1)).rejects.toThrow(DocumentGone)
  const replaced = await divided()
  const again = { ...replaced.of, jobId: uuidv7() }
  await replaced.db.transaction((tx) => reprocessDocument(tx, again))
  await expect(replaced.store(1)).rejects.toThrow(DocumentGone)
})

test('parts that end, cancels and reads of their document at once wait for each other in one order', async () => {
  const { db, of, parts, document } = await divided()
  const { tenantId, documentId } = of
  const leases = await parts()
  const ends = leases.map((lease) => async () => {
    await db.transaction(async (tx) => {
      await completeJob(tx, lease)
      await storePage(tx, of, { page: page(Number(lease.payload.page), 'read'), spentMs: 1 })
    })
  })
  const change = (isCancel: boolean) => () =>
    db.transaction(async (tx) => {
      const run = await lockRunOfDocument(tx, tenantId, documentId)
      await tx.execute(
        sql`select from documents where tenant_id = ${tenantId} and id = ${documentId} for update`,
      )
      if (isCancel && run) await cancelJob(tx, { tenantId, id: run.jobId })
    })
  const all = [...ends, change(false), change(false), change(true), change(false)]
  const outcomes = await Promise.allSettled(all.map((begin) => begin()))
  const faults = outcomes.flatMap((outcome) =>
    outcome.status === 'rejected' ? [outcome.reason] : [],
  )
  // Whoever came after the cancel found no document of an open run, and nobody a deadlock.
  expect(faults.filter((fault) => !(fault instanceof DocumentGone))).toEqual([])
  expect(await document()).toMatchObject({ status: 'cancelled' })
  expect(await db.$count(jobs, and(eq(jobs.tenantId, tenantId), eq(jobs.id, of.jobId)))).toBe(0)
})
