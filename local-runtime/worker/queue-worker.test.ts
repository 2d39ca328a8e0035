import { readdir } from 'node:fs/promises'
import { and, asc, eq } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import { expect, test } from 'vitest'
import { documentPages, documents, jobHistory, jobs as jobRows } from '../../db/schema/index.ts'
import { blobDeletionJobKind, reprocessDocument } from '../../domain/documents/processing.ts'
import { cancelJob, enqueueJob, ringWorkers } from '../../domain/jobs/queue.ts'
import { longPdf, makePdf } from '../../test/fixtures/pdf.ts'
import { type StoredDocument, storeDocument } from '../../test/fixtures/stored-document.ts'
import { startWorker } from '../../test/fixtures/worker.ts'
import { eventually } from '../../test/harness/eventually.ts'

const text = (words: string) => new Uint8Array(Buffer.from(words))

type World = Awaited<ReturnType<typeof startWorker>>

const store = (world: World, stored: Partial<Parameters<typeof storeDocument>[1]>) =>
  storeDocument(world, { tenant: world.tenant, bytes: longPdf(12, 3), ...stored })

async function documentOf({ db }: World, { tenantId, id }: StoredDocument) {
  const [row] = await db
    .select()
    .from(documents)
    .where(and(eq(documents.tenantId, tenantId), eq(documents.id, id)))
  return row
}

const pagesOf = ({ db }: World, { tenantId, id }: StoredDocument) =>
  db
    .select({
      number: documentPages.number,
      text: documentPages.text,
      code: documentPages.failureCode,
    })
    .from(documentPages)
    .where(and(eq(documentPages.tenantId, tenantId), eq(documentPages.documentId, id)))
    .orderBy(asc(documentPages.number))

const historyOf = async ({ db, tenant }: World, jobId: string) =>
  (
    await db
      .select()
      .from(jobHistory)
      .where(and(eq(jobHistory.tenantId, tenant.id), eq(jobHistory.id, jobId)))
  )[0]

const ended = (world: World, { jobId }: { jobId: string }) =>
  eventually(`the end of job ${jobId}`, () => historyOf(world, jobId))

const jobOf = async ({ db, tenant }: World, jobId: string) =>
  (
    await db
      .select()
      .from(jobRows)
      .where(and(eq(jobRows.tenantId, tenant.id), eq(jobRows.id, jobId)))
  )[0]

const processing = (world: World, document: StoredDocument) =>
  eventually('the document is being processed', async () => {
    return (await documentOf(world, document))?.status === 'processing'
  })

test('a queued document becomes pages, a language and a completed job', async () => {
  const world = await startWorker()
  const document = await store(world, {})
  expect(await ended(world, document)).toMatchObject({
    status: 'completed',
    attempts: 1,
    progressDone: 12,
    progressTotal: 12,
    result: { page_count: 12 },
  })
  expect(await documentOf(world, document)).toMatchObject({
    status: 'completed',
    pageCount: 12,
    pagesDone: 12,
    language: 'en',
    failureCode: null,
    extractionMs: expect.any(Number),
  })
  const pages = await pagesOf(world, document)
  expect(pages.map((page) => page.number)).toEqual(
    Array.from({ length: 12 }, (_, index) => index + 1),
  )
  expect(pages[6]?.text).toContain('page 7 line 1 the quick brown fox')
  expect(await readdir(world.temporaryFolder)).toEqual([])
})

test('a protected document fails as encrypted without its password and completes with it', async () => {
  const world = await startWorker()
  const page = { text: [{ x: 60, y: 700, size: 20, text: 'Secret' }] }
  const bytes = makePdf([page], { password: 'sesame' })
  const refused = await store(world, { bytes })
  const password = { secret: world.config.secret, text: 'sesame' }
  const opened = await store(world, { bytes, password })
  expect(await ended(world, refused)).toMatchObject({ status: 'failed', attempts: 1 })
  const failure = { status: 'failed', failureCode: 'encrypted' }
  expect(await documentOf(world, refused)).toMatchObject({
    ...failure,
    failureMessage: expect.stringContaining('password'),
  })
  await ended(world, opened)
  expect(await pagesOf(world, opened)).toMatchObject([{ text: 'Secret' }])
})

test('a page that hangs its reader is marked alone, and the pages after it are read', async () => {
  const world = await startWorker({ misbehaving: true, stallMs: 400 })
  const document = await store(world, { bytes: text('hangs on the second page') })
  expect(await ended(world, document)).toMatchObject({ status: 'completed' })
  expect(await pagesOf(world, document)).toMatchObject([
    { number: 1, code: null },
    { number: 2, code: 'timeout', text: '' },
    { number: 3, code: null },
  ])
})

test('a reader that breaks after the last page takes none with it, and adds none', async () => {
  const world = await startWorker({ misbehaving: true })
  const document = await store(world, { bytes: text('breaks after its last page') })
  expect(await ended(world, document)).toMatchObject({ status: 'completed', attempts: 1 })
  const pages = await pagesOf(world, document)
  expect(pages.map(({ number, code }) => [number, code])).toEqual([
    [1, null],
    [2, null],
    [3, null],
  ])
})

test.each([
  ['endless', 'timeout'],
  ['hog', 'out_of_memory'],
  ['crash', 'damaged'],
])(
  'a document that makes its reader misbehave (%s) fails as %s, and the worker lives on',
  async (how, code) => {
    const stallMs = how === 'endless' ? 500 : 15_000
    const world = await startWorker({ misbehaving: true, stallMs })
    const document = await store(world, { bytes: text(how) })
    expect(await ended(world, document)).toMatchObject({ status: 'failed' })
    expect(await documentOf(world, document)).toMatchObject({ status: 'failed', failureCode: code })
    expect(await readdir(world.temporaryFolder)).toEqual([])
  },
)

test('a cancelled document stops, with its job', async () => {
  const world = await startWorker({ misbehaving: true })
  const document = await store(world, { bytes: text('silent') })
  await processing(world, document)
  const { tenantId, jobId } = document
  const asked = await world.db.transaction((tx) => cancelJob(tx, { tenantId, id: jobId }))
  expect(asked).toBe('requested')
  await ringWorkers(world.db, 'cancel')
  expect(await ended(world, document)).toMatchObject({ status: 'cancelled' })
  expect(await documentOf(world, document)).toMatchObject({
    status: 'cancelled',
    failureCode: null,
  })
})

test('a document that is deleted while it is read leaves nothing behind', async () => {
  const world = await startWorker()
  const document = await store(world, { bytes: longPdf(300) })
  await processing(world, document)
  const { tenantId, id } = document
  await world.db
    .delete(documents)
    .where(and(eq(documents.tenantId, tenantId), eq(documents.id, id)))
  expect(await ended(world, document)).toMatchObject({ status: 'cancelled' })
  expect(await pagesOf(world, document)).toEqual([])
  expect(await readdir(world.temporaryFolder)).toEqual([])
})

test('a document that is read again keeps its old pages whole until it has new ones', async () => {
  const world = await startWorker()
  const document = await store(world, {})
  await ended(world, document)
  const { tenantId, id: documentId } = document
  const before = await pagesOf(world, document)
  await world.db
    .update(documentPages)
    .set({ text: 'of the first run' })
    .where(and(eq(documentPages.tenantId, tenantId), eq(documentPages.documentId, documentId)))
  const jobId = uuidv7()
  await world.db.transaction((tx) => reprocessDocument(tx, { tenantId, documentId, jobId }))
  const seen = new Set<string>()
  await eventually('the second run has ended', async () => {
    const pages = await pagesOf(world, document)
    const old = pages.filter((page) => page.text === 'of the first run').length
    seen.add(old === 0 ? 'new' : old === before.length ? 'old' : 'mixed')
    return historyOf(world, jobId)
  })
  expect(seen.has('mixed')).toBe(false)
  expect(await pagesOf(world, document)).toEqual(before)
  expect(await documentOf(world, document)).toMatchObject({ status: 'completed', jobId })
})

test('an attempt whose lease went to another writes nothing more and says so', async () => {
  const world = await startWorker({ misbehaving: true, leaseMs: 600_000 })
  const document = await store(world, { bytes: text('hangs on the second page') })
  await eventually(
    'the first page is stored',
    async () => (await pagesOf(world, document)).length > 0,
  )
  const { tenantId, jobId } = document
  // The job goes to a worker that this one does not know; no kind of ours may lease it again meanwhile.
  await world.sql`update jobs set lease_token = gen_random_uuid(), leased_by = 'another'
    where tenant_id = ${tenantId} and id = ${jobId}`
  await eventually('the loss is logged', async () => {
    return world.logLines.find(({ fields }) => fields.code === 'lease_lost')
  })
  expect(await jobOf(world, jobId)).toMatchObject({ status: 'running', leasedBy: 'another' })
  expect(await pagesOf(world, document)).toHaveLength(1)
})

test('a worker that stops gives its job back without counting the attempt', async () => {
  const world = await startWorker({ misbehaving: true })
  const document = await store(world, { bytes: text('silent') })
  await processing(world, document)
  await world.drain()
  expect(await jobOf(world, document.jobId)).toMatchObject({ status: 'queued', attempts: 0 })
  expect(await readdir(world.temporaryFolder)).toEqual([])
})

test('bytes whose row is gone are removed from storage', async () => {
  const world = await startWorker()
  const { storageKey } = await world.storage.put(world.tenant.id, new Blob(['bytes']).stream(), 10)
  const id = uuidv7()
  const payload = { storage_key: storageKey }
  await world.db.transaction((tx) =>
    enqueueJob(tx, { tenantId: world.tenant.id, id, kind: blobDeletionJobKind, payload }),
  )
  await ended(world, { jobId: id })
  expect(world.storage.objects.has(storageKey)).toBe(false)
})
