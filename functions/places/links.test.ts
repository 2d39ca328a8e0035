import { and, eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { documents, placeDocuments } from '../../db/schema/index.ts'
import { moveDocument } from '../../domain/documents/trash.ts'
import { cutOff } from '../../test/fixtures/cut-off.ts'
import { addPlace } from '../../test/fixtures/places.ts'
import { addDocument } from '../../test/harness/documents.ts'
import { bodyOf } from '../../test/harness/requests.ts'
import { setup } from '../../test/harness/setup.ts'
import { createApp } from './index.ts'

type Link = { document_id: string; filename: string; pages: number[]; note: string; source: string }
type Page<T> = { items: T[]; next_cursor: string | null }

async function linked() {
  const world = await setup(createApp)
  const { db, tenant, put, get, del } = world
  const who = { tenantId: tenant.id, userId: tenant.admin.id }
  const add = (filename: string) => addDocument(db, { ...who, filename, pages: ['One.', 'Two.'] })
  const place = await addPlace(db, { ...who, name: 'Montréal' })
  const document = await add('report.pdf')
  const pathOf = (documentId = document.id, placeId = place.id) =>
    `/${placeId}/documents/${documentId}`
  const link = (json: object = {}, documentId = document.id) =>
    put(pathOf(documentId), json, { as: 'editor' })
  const list = async (placeId = place.id) =>
    (await bodyOf<Page<Link>>(await get(`/${placeId}/documents`, { as: 'viewer' }))).items
  const placesOf = async (documentId = document.id) =>
    (await bodyOf<Page<{ id: string }>>(await get(`/?document_id=${documentId}`))).items.map(
      ({ id }) => id,
    )
  const trash = (isTrashed: boolean) =>
    db.transaction((tx) =>
      moveDocument(tx, { tenantId: tenant.id, id: document.id, isTrashed, at: new Date() }),
    )
  const count = () => db.$count(placeDocuments, eq(placeDocuments.tenantId, tenant.id))
  return { ...world, who, add, place, document, pathOf, link, list, placesOf, trash, count, del }
}

test('a link is read from both of its ends, with its pages in order and once each', async () => {
  const { link, list, place, document, placesOf, tenant } = await linked()
  const reply = await link({ pages: [2, 1, 2], note: ' The head office. ' })
  expect(reply.status).toBe(200)
  const shown = {
    ...{ document_id: document.id, filename: 'report.pdf', title: 'A title', pages: [1, 2] },
    ...{ note: 'The head office.', source: 'user', created_by_user_id: tenant.admin.id },
  }
  expect(await bodyOf<Link>(reply)).toMatchObject(shown)
  expect(await list()).toMatchObject([shown])
  expect(await placesOf()).toEqual([place.id])
})

test('linked twice is one link, with what was said last; that of a suggestion is then a person’s', async () => {
  const { link, list, db, tenant } = await linked()
  await link({ pages: [1], note: 'First.' })
  await db
    .update(placeDocuments)
    .set({ source: 'suggestion' })
    .where(eq(placeDocuments.tenantId, tenant.id))
  await link({ pages: [2] })
  expect(await list()).toMatchObject([{ pages: [2], note: '', source: 'user' }])
})

test('of many who link the same two at once all succeed, and there is one link', async () => {
  const { link, count } = await linked()
  const replies = await Promise.all([1, 2, 3, 4, 5].map((n) => link({ note: `${n}` })))
  expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
  expect(await count()).toBe(1)
})

test('a link that is cut off half-way leaves nothing, and is made by the next request', async () => {
  const { link, count, db } = await linked()
  const reply = await cutOff(db, 'place_documents', () => link())
  expect(reply.status).toBeGreaterThanOrEqual(500)
  expect(await count()).toBe(0)
  expect((await link()).status).toBe(200)
})

test('taken away, both stay; taken away again, there is nothing', async () => {
  const { link, list, del, pathOf, get, place } = await linked()
  await link()
  expect((await del(pathOf(), { as: 'viewer' })).status).toBe(403)
  expect((await del(pathOf(), { as: 'editor' })).status).toBe(204)
  expect((await del(pathOf(), { as: 'editor' })).status).toBe(404)
  expect(await list()).toEqual([])
  expect((await get(`/${place.id}`)).status).toBe(200)
})

test('a document in the trash shows no link and takes none; restored, its links are there', async () => {
  const { link, list, trash, placesOf, place } = await linked()
  await link()
  await trash(true)
  expect([await list(), await placesOf()]).toEqual([[], []])
  const refused = await link({ note: 'Again.' })
  expect(refused.status).toBe(409)
  expect(await bodyOf(refused)).toMatchObject({ code: 'conflict', hint: /restore/i })
  await trash(false)
  expect([await list(), await placesOf()]).toMatchObject([[{ note: '' }], [place.id]])
})

test('with a document or a place its links go', async () => {
  const { link, del, add, db, document, who, place, count } = await linked()
  await link()
  const other = await add('other.pdf')
  await link({}, other.id)
  await db
    .delete(documents)
    .where(and(eq(documents.tenantId, who.tenantId), eq(documents.id, document.id)))
  expect(await count()).toBe(1)
  expect((await del(`/${place.id}`)).status).toBe(204)
  expect(await count()).toBe(0)
})

test('pages that the document does not have are refused', async () => {
  const { link } = await linked()
  const reply = await link({ pages: [1, 3] })
  expect(reply.status).toBe(422)
  expect(await bodyOf(reply)).toMatchObject({
    errors: [{ in: 'body', pointer: '/pages', detail: 'The document has 2 pages.' }],
  })
  for (const pages of [[0], [1.5], Array.from({ length: 1_001 }, () => 1)])
    expect((await link({ pages })).status).toBe(422)
})

test('documents come page by page, and another place has none of them', async () => {
  const { link, add, get, place, db, who, list } = await linked()
  const added = [await add('a.pdf'), await add('b.pdf'), await add('c.pdf')]
  for (const { id } of added.toReversed()) await link({}, id)
  const first = await get(`/${place.id}/documents?limit=2`)
  expect(first.headers.get('link')).toContain('rel="next"')
  const { items, next_cursor } = await bodyOf<Page<Link>>(first)
  const next = await get(`/${place.id}/documents?limit=2&cursor=${next_cursor}`)
  const rest = await bodyOf<Page<Link>>(next)
  const names = [...items, ...rest.items].map(({ filename }) => filename)
  expect([names, rest.next_cursor]).toEqual([['a.pdf', 'b.pdf', 'c.pdf'], null])
  const other = await addPlace(db, who)
  expect(await list(other.id)).toEqual([])
})

test('neither end of a link may be of another tenant, nor unknown', async () => {
  const { pathOf, link, otherTenant, count, get, put } = await linked()
  await link()
  for (const reply of [
    await otherTenant.put(pathOf(), {}),
    await otherTenant.del(pathOf()),
    await otherTenant.get(pathOf().replace(/\/[^/]+$/, '')),
    await put(pathOf(crypto.randomUUID()), {}),
    await put(pathOf(undefined, crypto.randomUUID()), {}),
    await get(`/${crypto.randomUUID()}/documents`),
  ])
    expect(reply.status).toBe(404)
  expect(await count()).toBe(1)
})
