import { expect, test } from 'vitest'
import { agreeing } from '../../test/fixtures/agreeing.ts'
import type { Page } from '../../test/fixtures/reviewing.ts'
import { bodyOf } from '../../test/harness/requests.ts'

type Seen = { page: number; user_id: string; source: string }

test('pages are marked as seen once, for who marks them, and taken back', async () => {
  const { see, ann, bob, get, documentId } = await agreeing()
  const pages = async (reply: Promise<Response>) =>
    (await bodyOf<{ pages: number[] }>(await reply)).pages
  expect(await pages(see(ann, [3, 1, 1]))).toEqual([1, 3])
  expect(await pages(see(ann, [1, 2]))).toEqual([1, 2, 3])
  expect(await pages(see(ann, [1], { source: 'model' }))).toEqual([1])
  expect(await pages(see(bob, [1, 2], { seen: false }))).toEqual([])
  expect(await pages(see(ann, [2, 3], { seen: false }))).toEqual([1])
  const first = await bodyOf<Page<Seen>>(await get(`/seen?document_id=${documentId}&limit=1`))
  const rest = await get(`/seen?document_id=${documentId}&limit=1&cursor=${first.next_cursor}`)
  const { items, next_cursor: end } = await bodyOf<Page<Seen>>(rest)
  expect([...first.items, ...items]).toMatchObject([
    { page: 1, user_id: ann.id, source: 'human' },
    { page: 1, user_id: ann.id, source: 'model' },
  ])
  expect(end).toBeNull()
})

test('marks of the same pages at the same moment all hold', async () => {
  const { see, ann } = await agreeing()
  const replies = await Promise.all([see(ann, [1, 2, 3]), see(ann, [3, 2, 1]), see(ann, [2, 3, 1])])
  expect(replies.map(({ status }) => status)).toEqual([200, 200, 200])
  expect((await bodyOf<{ pages: number[] }>(await see(ann, [1]))).pages).toEqual([1, 2, 3])
})

test('a page that the document has not is a 422 that names it', async () => {
  const { see, ann } = await agreeing()
  const reply = await see(ann, [1, 4])
  expect(reply.status).toBe(422)
  const { errors } = await bodyOf<{ errors: { pointer: string }[] }>(reply)
  expect(errors).toMatchObject([{ pointer: '/pages/1' }])
  expect((await see(ann, [4], { seen: false })).status).toBe(200)
  expect((await see(ann, [0])).status).toBe(422)
  expect((await see(ann, [])).status).toBe(422)
})

test("pages of another tenant's document cannot be marked, and viewers mark none", async () => {
  const { post, documentId, otherTenant } = await agreeing()
  const json = { document_id: documentId, pages: [1] }
  expect((await otherTenant.post('/seen', json)).status).toBe(404)
  expect((await post('/seen', json, { as: 'viewer' })).status).toBe(403)
})
