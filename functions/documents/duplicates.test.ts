import { expect, test } from 'vitest'
import {
  failDocument,
  tracesOfOne,
  type UploadedDocument,
  uploadTraces,
} from '../../test/harness/documents.ts'
import { addMember } from '../../test/harness/members.ts'
import { bodyOf } from '../../test/harness/requests.ts'
import { type SetupOptions, setup } from '../../test/harness/setup.ts'
import { createApp } from './index.ts'

type Receipt = UploadedDocument & { duplicate: boolean; revision: number }

const pdf = (text: string) => `%PDF-1.7\n${text}\n%%EOF\n`

async function uploading(options: SetupOptions = {}) {
  const bundle = await setup(createApp, options)
  const { db, tenant, storage } = bundle
  const traces = () => uploadTraces(db, { tenantId: tenant.id, objects: storage.objects })
  return { ...bundle, traces }
}

test('the same bytes again are the same document, and are not stored again', async () => {
  const { post, traces } = await uploading()
  const first = await bodyOf<Receipt>(await post('/v1/documents?filename=a.pdf', pdf('x')))
  const again = await post('/v1/documents?filename=b.pdf', pdf('x'))
  expect(again.status).toBe(200)
  expect(again.headers.get('location')).toBe(`/v1/documents/${first.id}`)
  expect(await bodyOf(again)).toMatchObject({ id: first.id, filename: 'a.pdf', duplicate: true })
  expect(await traces()).toEqual(tracesOfOne)
})

test('of two uploads of the same bytes at once one makes the document and both name it', async () => {
  const { post, traces } = await uploading()
  const replies = await Promise.all([1, 2, 3].map(() => post('/v1/documents', pdf('x'))))
  expect(replies.map((response) => response.status).sort()).toEqual([200, 200, 202])
  const receipts = await Promise.all(replies.map((response) => bodyOf<Receipt>(response)))
  expect(new Set(receipts.map((receipt) => receipt.id)).size).toBe(1)
  expect(await traces()).toEqual(tracesOfOne)
})

test('the policy can be to refuse duplicates, or to keep each as a revision', async () => {
  const { post, traces } = await uploading({ config: { duplicatePolicy: 'refuse' } })
  const first = await bodyOf<Receipt>(await post('/v1/documents', pdf('x')))
  const refused = await post('/v1/documents', pdf('x'))
  expect(refused.status).toBe(409)
  expect(refused.headers.get('location')).toBe(`/v1/documents/${first.id}`)
  expect(await bodyOf(refused)).toMatchObject({ code: 'duplicate' })
  expect(await traces()).toEqual(tracesOfOne)
  const version = await post('/v1/documents?duplicate=version', pdf('x'))
  expect(version.status).toBe(202)
  expect(await bodyOf(version)).toMatchObject({ revision: 2, duplicate: false })
  expect(await traces()).toEqual({ documents: 2, blobs: 1, jobs: 2, objects: 1 })
})

test("another tenant's same bytes are no duplicate", async () => {
  const { post, otherTenant } = await uploading()
  await post('/v1/documents', pdf('x'))
  expect((await otherTenant.post('/v1/documents', pdf('x'))).status).toBe(202)
})

test('a document that failed as encrypted is read again when it comes with a password', async () => {
  const { post, db, tenant } = await uploading()
  const document = await bodyOf<Receipt>(await post('/v1/documents', pdf('locked')))
  await failDocument(db, { tenantId: tenant.id, document, code: 'encrypted' })
  expect((await post('/v1/documents', pdf('locked'))).status).toBe(200)
  const headers = { 'x-document-password': 'open' }
  const again = await post('/v1/documents', pdf('locked'), { headers })
  expect(again.status).toBe(202)
  expect(await bodyOf(again)).toMatchObject({ id: document.id, status: 'pending', failure: null })
})

test('an ingest key is never linked to a document that it may not read', async () => {
  const { post, get, db, tenant } = await uploading()
  const others = await bodyOf<Receipt>(await post('/v1/documents', pdf('x')))
  const { auth: headers } = await addMember(db, tenant.id, { role: 'ingest' })
  const response = await post('/v1/documents', pdf('x'), { headers })
  expect(response.status).toBe(202)
  const own = await bodyOf<Receipt>(response)
  expect(own).toMatchObject({ duplicate: false, revision: 2 })
  expect(own.id).not.toBe(others.id)
  expect((await get(`/v1/documents/${own.id}`, { headers })).status).toBe(200)
  const again = await post('/v1/documents', pdf('x'), { headers })
  expect([again.status, (await bodyOf<Receipt>(again)).id]).toEqual([200, own.id])
})
