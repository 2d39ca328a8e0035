import { and, eq } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import { expect, test } from 'vitest'
import { auditLog, blobs, documentPages, documents, jobs } from '../../db/schema/index.ts'
import { blobDeletionJobKind } from '../../domain/documents/processing.ts'
import {
  completeDocument,
  failDocument,
  type UploadedDocument,
} from '../../test/harness/documents.ts'
import { bodyOf } from '../../test/harness/requests.ts'
import { setup } from '../../test/harness/setup.ts'
import { unseal } from '../_shared/access/seal.ts'
import { createApp } from './index.ts'

type Document = UploadedDocument & { filename: string; failure: object | null }

async function withDocument() {
  const bundle = await setup(createApp)
  const { db, tenant, post, get } = bundle
  const upload = async (query = '') =>
    bodyOf<Document>(await post(`/v1/documents?filename=a.pdf${query}`, '%PDF-1.7 x'))
  const document = await upload()
  const of = { tenantId: tenant.id, document }
  return {
    ...bundle,
    document,
    upload,
    path: `/v1/documents/${document.id}`,
    complete: (pages = ['one', 'two']) => completeDocument(db, { ...of, pages }),
    fail: (code: string) => failDocument(db, { ...of, code }),
    read: async (id = document.id) => bodyOf<Document>(await get(`/v1/documents/${id}`)),
    jobsOf: (kind: string) =>
      db
        .select()
        .from(jobs)
        .where(and(eq(jobs.tenantId, tenant.id), eq(jobs.kind, kind))),
  }
}

test('a document is renamed by the rules of file names, and only in the version that was read', async () => {
  const { patch, path, document } = await withDocument()
  const headers = { 'if-match': `"v${document.version}"` }
  const renamed = await patch(path, { filename: '../b.pdf' }, { headers })
  expect(await bodyOf(renamed)).toMatchObject({ filename: 'b.pdf', version: document.version + 1 })
  expect((await patch(path, { filename: 'c.pdf' }, { headers })).status).toBe(412)
  expect((await patch(path, { filename: 'b.pdf' })).headers.get('etag')).toBe(
    renamed.headers.get('etag'),
  )
})

test('of two renames of the same version one wins', async () => {
  const { patch, path, document } = await withDocument()
  const headers = { 'if-match': `"v${document.version}"` }
  const replies = await Promise.all(
    ['b.pdf', 'c.pdf'].map((filename) => patch(path, { filename }, { headers })),
  )
  expect(replies.map((response) => response.status).sort()).toEqual([200, 412])
})

test.each([
  [{ filename: '..' }, 422],
  [{ filename: 'con' }, 422],
  [{ filename: 'a\u0000b' }, 422],
  [{ filename: 7 }, 422],
  [{ name: 'b.pdf' }, 422],
  [{}, 422],
  ['{', 400],
])('the rename %j is refused with %i', async (body, status) => {
  const { patch, path, read } = await withDocument()
  const headers = { 'content-type': 'application/json' }
  expect((await patch(path, body, { headers })).status).toBe(status)
  expect(await read()).toMatchObject({ filename: 'a.pdf' })
})

test('a rename without Content-Type is refused', async () => {
  const { patch, path } = await withDocument()
  expect((await patch(path, new Blob(['{"filename":"b.pdf"}']))).status).toBe(415)
})

test('a deleted document is gone with pages, run and bytes, and the audit says who did it', async () => {
  const { del, get, path, db, tenant, document, complete, jobsOf } = await withDocument()
  await complete()
  expect((await del(path)).status).toBe(204)
  expect((await get(path)).status).toBe(404)
  const inTenant = { tenantId: tenant.id }
  expect(await db.$count(documentPages, eq(documentPages.tenantId, inTenant.tenantId))).toBe(0)
  expect(await db.$count(blobs, eq(blobs.tenantId, tenant.id))).toBe(0)
  expect((await jobsOf(blobDeletionJobKind)).map((job) => job.payload)).toEqual([
    { storage_key: Reflect.get(document, 'storage_key') },
  ])
  const audited = await db.select().from(auditLog).where(eq(auditLog.tenantId, tenant.id))
  expect(audited).toMatchObject([{ action: 'document.deleted', subjectId: document.id }])
})

test('a run that waits ends with its document', async () => {
  const { del, path, jobsOf } = await withDocument()
  await del(path)
  expect(await jobsOf('documents.extract')).toEqual([])
})

test('bytes stay while another document has them, and go with the last one', async () => {
  const { del, get, path, upload, jobsOf } = await withDocument()
  const second = await upload('&duplicate=version')
  await del(path)
  expect(await jobsOf(blobDeletionJobKind)).toEqual([])
  expect((await get(`/v1/documents/${second.id}/content`)).status).toBe(200)
  await del(`/v1/documents/${second.id}`)
  expect(await jobsOf(blobDeletionJobKind)).toHaveLength(1)
})

test('of two deletions at once one deletes, and a stale one none', async () => {
  const { del, path } = await withDocument()
  expect((await del(path, { headers: { 'if-match': '"v99"' } })).status).toBe(412)
  const replies = await Promise.all([del(path), del(path)])
  expect(replies.map((response) => response.status).sort()).toEqual([204, 404])
})

test('whatever uploads and deletions of the same bytes meet, every document has its bytes', async () => {
  const { del, upload, db, tenant, get } = await withDocument()
  const hold = async () => {
    const { id } = await upload()
    return del(`/v1/documents/${id}`)
  }
  await Promise.all(Array.from({ length: 12 }, hold))
  const { id } = await upload()
  expect((await get(`/v1/documents/${id}/content`)).status).toBe(200)
  const counts = [documents, blobs].map((table) => db.$count(table, eq(table.tenantId, tenant.id)))
  expect(await Promise.all(counts)).toEqual([1, 1])
})

test('a failed document is read again by a new run, with a new password', async () => {
  const { post, path, document, fail, read, db, deps, tenant } = await withDocument()
  await fail('encrypted')
  expect(await read()).toMatchObject({ status: 'failed', failure: { code: 'encrypted' } })
  const headers = { 'x-document-password': 'open' }
  const response = await post(`${path}/reprocess`, undefined, { headers })
  expect(response.status).toBe(202)
  const again = await bodyOf<Document>(response)
  expect(again).toMatchObject({ status: 'pending', failure: null })
  expect(again.job_id).not.toBe(document.job_id)
  const [row] = await db
    .select({ sealed: documents.passwordSealed })
    .from(documents)
    .where(and(eq(documents.tenantId, tenant.id), eq(documents.id, document.id)))
  expect(await unseal(deps.config.secret, row?.sealed ?? new Uint8Array())).toBe('open')
})

test('reprocessing replaces a run that waits, and its pages stay until the new ones come', async () => {
  const { post, get, path, complete, jobsOf } = await withDocument()
  await complete()
  for (const _ of [1, 2]) await post(`${path}/reprocess`)
  expect(await jobsOf('documents.extract')).toHaveLength(1)
  expect((await get(`${path}/pages/2`)).status).toBe(200)
})

test('a document that waits is cancelled at once, one that has ended cannot be', async () => {
  const { post, path, read } = await withDocument()
  const replies = await Promise.all([1, 2].map(() => post(`${path}/cancel`)))
  expect(replies.map((response) => response.status).sort()).toEqual([202, 409])
  expect(await read()).toMatchObject({ status: 'cancelled', failure: null })
  expect((await post(`${path}/reprocess`)).status).toBe(202)
})

test('an Idempotency-Key makes one run of two reprocess requests', async () => {
  const { post, path } = await withDocument()
  const headers = { 'idempotency-key': uuidv7() }
  const [first, again] = [
    await bodyOf<Document>(await post(`${path}/reprocess`, undefined, { headers })),
    await bodyOf<Document>(await post(`${path}/reprocess`, undefined, { headers })),
  ]
  expect(again.job_id).toBe(first.job_id)
})

test('viewers and ingest keys change nothing', async () => {
  const { patch, del, post, path } = await withDocument()
  for (const as of ['viewer', 'ingest', 'worker'] as const) {
    expect((await patch(path, { filename: 'b' }, { as })).status).toBe(403)
    expect((await del(path, { as })).status).toBe(403)
    expect((await post(`${path}/reprocess`, undefined, { as })).status).toBe(403)
    expect((await post(`${path}/cancel`, undefined, { as })).status).toBe(403)
  }
})
