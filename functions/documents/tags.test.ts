import { eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { documentTags } from '../../db/schema/index.ts'
import { addMember } from '../../test/harness/members.ts'
import { bodyOf } from '../../test/harness/requests.ts'
import { setup } from '../../test/harness/setup.ts'
import { createApp } from './index.ts'

type Document = { id: string; tags: string[]; version: number; filename: string }
type Listed = { items: Document[]; next_cursor: string | null }
type Counts = { items: { name: string; count: number }[]; next_cursor: string | null }

async function withTags() {
  const bundle = await setup(createApp)
  const { post, patch, get } = bundle
  let uploads = 0
  const upload = async (...tags: string[]) => {
    uploads += 1
    const { id } = await bodyOf<Document>(await post('/v1/documents', `%PDF-1.7 ${uploads}`))
    if (tags.length > 0) expect((await tag(id, tags)).status).toBe(200)
    return id
  }
  const tag = (id: string, tags: unknown, headers = {}) =>
    patch(`/v1/documents/${id}`, { tags }, { headers })
  const list = async (...tags: string[]) => {
    const query = new URLSearchParams(tags.map((each): [string, string] => ['tag', each]))
    return bodyOf<Listed>(await get(`/v1/documents?${query}`))
  }
  const ids = async (...tags: string[]) => (await list(...tags)).items.map(({ id }) => id)
  const counts = async (query = '') => bodyOf<Counts>(await get(`/v1/documents/tags?${query}`))
  const read = async (id: string) => bodyOf<Document>(await get(`/v1/documents/${id}`))
  return { ...bundle, upload, tag, list, ids, counts, read }
}

test('tags are kept as they were written, trimmed, composed, in order, and each once whatever its case', async () => {
  const { upload, tag, read, list } = await withTags()
  const id = await upload()
  const reply = await tag(id, ['  Zoo ', 'U\u0308ber', 'zOO', 'über', 'alpha beta'])
  const tags = ['alpha beta', 'Über', 'Zoo']
  expect(await bodyOf(reply)).toMatchObject({ tags, version: 2 })
  expect(reply.headers.get('etag')).toBe('"v2"')
  expect((await read(id)).tags).toEqual(tags)
  expect((await list()).items[0]?.tags).toEqual(tags)
})

test('the same tags again make no version; others replace them, and none are left when none are given', async () => {
  const { upload, tag, read, db, tenant } = await withTags()
  const id = await upload('a', 'b')
  expect((await tag(id, ['b', 'a'])).headers.get('etag')).toBe('"v2"')
  expect((await tag(id, ['b', 'A'])).headers.get('etag')).toBe('"v3"')
  await tag(id, [])
  expect(await read(id)).toMatchObject({ tags: [], version: 4 })
  expect(await db.$count(documentTags, eq(documentTags.tenantId, tenant.id))).toBe(0)
})

test('a name and tags change in one version, or neither', async () => {
  const { upload, patch, read } = await withTags()
  const id = await upload('a')
  await patch(`/v1/documents/${id}`, { filename: 'b.pdf', tags: ['b'] })
  expect(await read(id)).toMatchObject({ filename: 'b.pdf', tags: ['b'], version: 3 })
  expect((await patch(`/v1/documents/${id}`, { filename: 'con', tags: ['c'] })).status).toBe(422)
  expect(await read(id)).toMatchObject({ filename: 'b.pdf', tags: ['b'], version: 3 })
})

test('of two who tag the version that both have read one gets a 412', async () => {
  const { upload, tag } = await withTags()
  const id = await upload()
  const headers = { 'if-match': '"v1"' }
  const replies = await Promise.all([tag(id, ['a'], headers), tag(id, ['b'], headers)])
  expect(replies.map(({ status }) => status).sort()).toEqual([200, 412])
})

test.each([
  ['an empty one', ['']],
  ['one of spaces', ['  ']],
  ['a long one', ['x'.repeat(101)]],
  ['an invisible character', ['a\u202eb']],
  ['a line break', ['a\nb']],
  ['no text', [7]],
  ['too many', Array.from({ length: 51 }, (_, index) => `t${index}`)],
  ['no list', 'a'],
])('tags with %s are refused and change nothing', async (_, tags) => {
  const { upload, tag, read } = await withTags()
  const id = await upload('a')
  expect((await tag(id, tags)).status).toBe(422)
  expect(await read(id)).toMatchObject({ tags: ['a'], version: 2 })
})

test('fifty tags of a hundred characters outside of the first plane fit', async () => {
  const { upload, tag } = await withTags()
  const tags = Array.from({ length: 50 }, (_, index) => `${'😀'.repeat(98)}${index + 10}`)
  expect(await bodyOf(await tag(await upload(), tags))).toMatchObject({ tags })
})

test('a list takes several tags, in any case, and gives the documents that have all of them, newest first', async () => {
  const { upload, ids } = await withTags()
  const [both, one, , more] = [
    await upload('Red', 'Blue'),
    await upload('red'),
    await upload('green'),
    await upload('BLUE', 'RED', 'green'),
  ]
  expect(await ids('red')).toEqual([more, one, both])
  expect(await ids('RED', 'blue')).toEqual([more, both])
  expect(await ids('red', 'blue', 'Green')).toEqual([more])
  expect(await ids('red', 'none')).toEqual([])
  expect(await ids()).toHaveLength(4)
})

test('a filtered list is read page by page, and its cursor fits no other tags', async () => {
  const { upload, get } = await withTags()
  const [first, , second] = [await upload('a', 'b'), await upload('b'), await upload('a', 'b')]
  const path = '/v1/documents?tag=a&tag=b&limit=1'
  const page = await get(path)
  const { items, next_cursor } = await bodyOf<Listed>(page)
  expect(items.map(({ id }) => id)).toEqual([second])
  const [, next = ''] = /<(.*)>/.exec(page.headers.get('link') ?? '') ?? []
  const rest = await bodyOf<Listed>(await get(next))
  expect([rest.items.map(({ id }) => id), rest.next_cursor]).toEqual([[first], null])
  expect((await get(`/v1/documents?tag=a&limit=1&cursor=${next_cursor}`)).status).toBe(400)
})

test('tags are counted over the tenant, without the trash, and listed page by page', async () => {
  const { upload, counts, post, otherTenant } = await withTags()
  await upload('red', 'blue')
  await upload('Red')
  await post(`/v1/documents/${await upload('red', 'grey')}/trash`)
  expect((await counts()).items).toEqual([
    { name: 'blue', count: 1 },
    { name: expect.stringMatching(/^red$/i), count: 2 },
  ])
  const first = await counts('limit=1')
  expect(first.items).toEqual([{ name: 'blue', count: 1 }])
  const rest = await counts(`limit=1&cursor=${first.next_cursor}`)
  expect([rest.items.length, rest.next_cursor]).toEqual([1, null])
  const others = await bodyOf<Counts>(await otherTenant.get('/v1/documents/tags'))
  expect(others.items).toEqual([])
})

test('tags stay through the trash and go with the document; nothing in the trash is tagged', async () => {
  const { upload, tag, read, post, del, db, tenant } = await withTags()
  const id = await upload('a')
  await post(`/v1/documents/${id}/trash`)
  expect((await tag(id, ['b'])).status).toBe(409)
  await post(`/v1/documents/${id}/restore`)
  expect((await read(id)).tags).toEqual(['a'])
  await del(`/v1/documents/${id}`)
  expect(await db.$count(documentTags, eq(documentTags.tenantId, tenant.id))).toBe(0)
})

test('editors tag, viewers filter, and other tenants see nothing of it', async () => {
  const { upload, patch, get, otherTenant, db, tenant } = await withTags()
  const id = await upload('a')
  const change = { tags: ['b'] }
  expect((await patch(`/v1/documents/${id}`, change, { as: 'viewer' })).status).toBe(403)
  expect((await otherTenant.patch(`/v1/documents/${id}`, change)).status).toBe(404)
  expect((await get('/v1/documents?tag=a', { as: 'viewer' })).status).toBe(200)
  const list = await otherTenant.get('/v1/documents?tag=a')
  expect((await bodyOf<Listed>(list)).items).toEqual([])
  const { auth: headers } = await addMember(db, tenant.id, { role: 'ingest' })
  expect((await get('/v1/documents/tags', { headers })).status).toBe(403)
  expect((await bodyOf<Listed>(await get('/v1/documents?tag=a', { headers }))).items).toEqual([])
})
