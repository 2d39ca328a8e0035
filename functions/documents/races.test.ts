import { and, eq, sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import type { Db } from '../../db/client.ts'
import { blobs, jobs } from '../../db/schema/index.ts'
import { blobDeletionJobKind } from '../../domain/documents/processing.ts'
import { removeDocument } from '../../domain/documents/removal.ts'
import type { UploadedDocument } from '../../test/harness/documents.ts'
import { eventually } from '../../test/harness/eventually.ts'
import { bodyOf } from '../../test/harness/requests.ts'
import { setup } from '../../test/harness/setup.ts'
import { createApp } from './index.ts'

type Receipt = UploadedDocument & { storage_key: string }

async function withFile() {
  const bundle = await setup(createApp)
  const { db, tenant, post, get } = bundle
  const upload = async (query = '') =>
    bodyOf<Receipt>(await post(`/v1/documents?${query}`, '%PDF-1.7 x'))
  const removal = (documentId: string) => ({
    tenantId: tenant.id,
    documentId,
    requestId: null,
    versions: null,
  })
  const keysToRemove = async () => {
    const ofKind = and(eq(jobs.tenantId, tenant.id), eq(jobs.kind, blobDeletionJobKind))
    return (await db.select().from(jobs).where(ofKind)).map((job) => job.payload.storage_key)
  }
  const content = async (id: string) => (await get(`/v1/documents/${id}/content`)).status
  return { ...bundle, upload, removal, keysToRemove, content }
}

/** Deletes a document, and meets `other` between its last statement and its commit. */
async function meetDeletion<T>(
  db: Db,
  removal: Parameters<typeof removeDocument>[1],
  other: () => Promise<T>,
): Promise<T> {
  const [deleted, mayCommit] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const deletion = db.transaction(async (tx) => {
    await removeDocument(tx, removal)
    deleted.resolve()
    await mayCommit.promise
  })
  await deleted.promise
  let isDone = false
  const outcome = other().finally(() => {
    isDone = true
  })
  await eventually('the other is done or waits', async () => isDone || isAnyoneWaiting(db))
  mayCommit.resolve()
  await deletion
  return outcome
}

async function isAnyoneWaiting(db: Db): Promise<boolean> {
  const [row] = await db.execute<{ waiting: boolean }>(sql`select exists (
    select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock') as waiting`)
  return row?.waiting ?? false
}

test('when the two last documents of the same bytes are deleted at once, the bytes go', async () => {
  const { db, tenant, upload, removal, keysToRemove } = await withFile()
  const [first, second] = [await upload(), await upload('duplicate=version')]
  const other = () => db.transaction((tx) => removeDocument(tx, removal(second.id)))
  expect(await meetDeletion(db, removal(first.id), other)).toBe(true)
  expect(await db.$count(blobs, eq(blobs.tenantId, tenant.id))).toBe(0)
  expect(await keysToRemove()).toEqual([first.storage_key])
})

test('an upload that meets the deletion of its only duplicate keeps bytes of its own', async () => {
  const { db, upload, removal, keysToRemove, content } = await withFile()
  const first = await upload()
  const again = await meetDeletion(db, removal(first.id), () => upload())
  expect(again.id).not.toBe(first.id)
  expect(again.storage_key).not.toBe(first.storage_key)
  expect(await keysToRemove()).toEqual([first.storage_key])
  expect(await content(again.id)).toBe(200)
})

test('a deletion that meets a second one of the same document finds nothing', async () => {
  const { db, upload, removal, keysToRemove } = await withFile()
  const { id, storage_key } = await upload()
  const other = () => db.transaction((tx) => removeDocument(tx, removal(id)))
  expect(await meetDeletion(db, removal(id), other)).toBe(false)
  expect(await keysToRemove()).toEqual([storage_key])
})

/** Deadlocks that this database has seen; every connection of the pool tells the statistics first. */
async function deadlocks(db: Db): Promise<number> {
  const tell = () => db.execute(sql`select pg_stat_force_next_flush(), pg_sleep(0.05)`)
  await Promise.all(Array.from({ length: 12 }, tell))
  const [row] = await db.execute<{ deadlocks: string }>(
    sql`select deadlocks from pg_stat_database where datname = current_database()`,
  )
  return Number(row?.deadlocks)
}

test('many changes of one document and its run at once wait for each other in one order', async () => {
  const { db, upload, post, patch } = await withFile()
  const before = await deadlocks(db)
  const { id } = await upload()
  const change = (number: number) =>
    [
      () => post(`/v1/documents/${id}/reprocess`),
      () => post(`/v1/documents/${id}/cancel`),
      () => patch(`/v1/documents/${id}`, { filename: `${number}.pdf` }),
    ][number % 3]?.()
  const replies = await Promise.all(Array.from({ length: 60 }, (_, number) => change(number)))
  const unexpected = replies.filter((reply) => ![200, 202, 409].includes(reply?.status ?? 0))
  expect(unexpected).toEqual([])
  expect(await deadlocks(db)).toBe(before)
})
