import { uuidv7 } from 'uuidv7'
import { expect, test } from 'vitest'
import { users } from '../../db/schema/index.ts'
import {
  addDocument,
  completeDocument,
  type UploadedDocument,
} from '../../test/harness/documents.ts'
import { bodyOf } from '../../test/harness/requests.ts'
import { setup } from '../../test/harness/setup.ts'
import { createApp } from './index.ts'

type Documents = { items: { id: string }[]; next_cursor: string | null }

async function withDocuments() {
  const bundle = await setup(createApp)
  const { db, tenant, post, get } = bundle
  const upload = async (body: string, filename = 'a.txt') =>
    bodyOf<UploadedDocument>(await post(`/v1/documents?filename=${filename}`, body))
  const complete = (document: UploadedDocument, pages: readonly string[] = ['page']) =>
    completeDocument(db, { tenantId: tenant.id, document, pages })
  const list = async (query = '') => bodyOf<Documents>(await get(`/v1/documents?${query}`))
  /** A document of somebody else in the same tenant. */
  const addOthers = async () => {
    const userId = uuidv7()
    const email = `${userId}@octavo.test`
    const person = { email, displayName: 'Other', role: 'ingest' as const }
    await db.insert(users).values({ tenantId: tenant.id, id: userId, ...person })
    return {
      userId,
      ...(await addDocument(db, { tenantId: tenant.id, userId, pages: ['theirs'] })),
    }
  }
  return { ...bundle, upload, complete, list, addOthers }
}

test('a document shows its state, and where its parts are', async () => {
  const { get, upload, tenant } = await withDocuments()
  const { id } = await upload('words')
  const document = await bodyOf<Record<string, unknown>>(await get(`/v1/documents/${id}`))
  expect(document).toMatchObject({
    id,
    user_id: tenant.admin.id,
    filename: 'a.txt',
    kind: 'text',
    media_type: 'text/plain',
    bytes: 5,
    status: 'pending',
    page_count: null,
    failure: null,
    extraction_ms: null,
    progress: { done: 0, total: null },
    title: null,
    author: null,
    language: null,
    created_at: '2026-11-20T08:00:00.000Z',
    urls: {
      content: `/v1/documents/${id}/content`,
      pages: `/v1/documents/${id}/pages`,
      text: `/v1/documents/${id}/text`,
      ndjson: `/v1/documents/${id}/pages.ndjson`,
      events: `/v1/documents/${id}/events`,
    },
  })
  expect(document.storage_key).toContain(tenant.id)
  expect(document.sha256).toMatch(/^[0-9a-f]{64}$/)
})

test('the ETag changes with the document, and an unchanged one is not sent again', async () => {
  const { get, upload, complete } = await withDocuments()
  const document = await upload('words')
  const path = `/v1/documents/${document.id}`
  const etag = (await get(path)).headers.get('etag') ?? ''
  expect((await get(path, { headers: { 'if-none-match': etag } })).status).toBe(304)
  await complete(document)
  const changed = await get(path, { headers: { 'if-none-match': etag } })
  expect(await bodyOf(changed)).toMatchObject({ status: 'completed', page_count: 1 })
})

test('documents are listed newest first, page by page, each once', async () => {
  const { get, upload, list } = await withDocuments()
  const ids: string[] = []
  for (const body of ['one', 'two', 'three']) ids.unshift((await upload(body)).id)
  const first = await get('/v1/documents?limit=2')
  const page = await bodyOf<Documents>(first)
  expect(page.items.map((item) => item.id)).toEqual(ids.slice(0, 2))
  expect(first.headers.get('link')).toContain('rel="next"')
  const last = await list(`limit=2&cursor=${page.next_cursor}`)
  expect(last.items.map((item) => item.id)).toEqual(ids.slice(2))
  expect(last.next_cursor).toBeNull()
})

test('the list is filtered by user, status, kind and language', async () => {
  const { upload, complete, list, addOthers, tenant } = await withDocuments()
  const text = await upload('words')
  const pdf = await upload('%PDF-1.7 x')
  const others = await addOthers()
  await complete(pdf, ['the cat and the dog of the house and that is that for you and for me'])
  const ids = async (query: string) => (await list(query)).items.map((item) => item.id)
  expect(await ids(`user_id=${others.userId}`)).toEqual([others.id])
  expect(await ids(`user_id=${tenant.admin.id}`)).toEqual([pdf.id, text.id])
  expect(await ids('status=pending')).toEqual([text.id])
  expect(await ids(`status=completed&user_id=${tenant.admin.id}`)).toEqual([pdf.id])
  expect(await ids('kind=text')).toEqual([text.id])
  expect(await ids('language=en')).toEqual([pdf.id])
})

test('a cursor fits its own list alone, and a forged one none', async () => {
  const { get, upload, list } = await withDocuments()
  for (const body of ['one', 'two']) await upload(body)
  const { next_cursor } = await list('limit=1')
  const status = async (query: string) => (await get(`/v1/documents?${query}`)).status
  expect(await status(`limit=1&status=pending&cursor=${next_cursor}`)).toBe(400)
  expect(await status('cursor=eyJ9.x')).toBe(400)
  expect(await status('limit=0')).toBe(422)
  expect(await status('statos=pending')).toBe(422)
})

test('an ingest key reads what its own user uploaded and nothing else', async () => {
  const { get, upload, addOthers } = await withDocuments()
  const own = await upload('words')
  const others = await addOthers()
  const as = 'ingest' as const
  expect((await get(`/v1/documents/${own.id}`, { as })).status).toBe(200)
  for (const part of ['', '/content', '/pages', '/pages/1', '/pages/1/words', '/text', '/events'])
    expect((await get(`/v1/documents/${others.id}${part}`, { as })).status).toBe(404)
  const listed = await bodyOf<Documents>(await get('/v1/documents', { as }))
  expect(listed.items.map((item) => item.id)).toEqual([own.id])
  const path = `/v1/documents?user_id=${others.userId}`
  expect(await bodyOf(await get(path, { as }))).toMatchObject({ items: [] })
})

const parts = [
  ...(['', '/content', '/pages', '/pages/1', '/pages/1/words'] as const),
  ...(['/text', '/pages.ndjson', '/events'] as const),
]

test("another tenant's document answers like one that never was, on every route", async () => {
  const { otherTenant, upload, complete, get } = await withDocuments()
  const document = await upload('words')
  await complete(document)
  const calls = [
    ...parts.map((part) => (id: string) => otherTenant.get(`/v1/documents/${id}${part}`)),
    (id: string) => otherTenant.patch(`/v1/documents/${id}`, { filename: 'mine.pdf' }),
    (id: string) => otherTenant.del(`/v1/documents/${id}`),
    (id: string) => otherTenant.post(`/v1/documents/${id}/reprocess`),
    (id: string) => otherTenant.post(`/v1/documents/${id}/cancel`),
  ]
  for (const call of calls) {
    const shown = async (id: string) => {
      const response = await call(id)
      return [response.status, { ...(await bodyOf<object>(response)), instance: null }]
    }
    const theirs = await shown(document.id)
    expect(theirs).toEqual(await shown(uuidv7()))
    expect(theirs[0]).toBe(404)
  }
  expect(await bodyOf(await otherTenant.get('/v1/documents'))).toMatchObject({ items: [] })
  expect((await get(`/v1/documents/${document.id}`)).status).toBe(200)
})

test('an id that is none is not found, and an id in capitals is the same id', async () => {
  const { get, upload } = await withDocuments()
  const { id } = await upload('words')
  expect((await get('/v1/documents/1')).status).toBe(404)
  expect((await get(`/v1/documents/${id.toUpperCase()}`)).status).toBe(200)
  expect((await get(`/v1/documents/${id}`, { as: 'worker' })).status).toBe(403)
})
