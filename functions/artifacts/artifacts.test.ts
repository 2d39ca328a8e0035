import { and, eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { artifacts, auditLog } from '../../db/schema/index.ts'
import {
  type Artifact,
  artifactWorld,
  sha256Of,
  textOf,
  utf8,
  type Version,
} from '../../test/fixtures/artifacts.ts'
import { addDocument } from '../../test/harness/documents.ts'
import { addMember } from '../../test/harness/members.ts'
import { bodyOf } from '../../test/harness/requests.ts'

test('content in one call is complete at once, with the digest of exactly its bytes', async () => {
  const { create, content, read } = await artifactWorld()
  const text = '# Zusammenfassung\n\nAlles gut, 你好 🎉\n'
  const made = await create({ content: text, source: { model: 'a-model', prompt: 'Sum up.' } })
  expect(made).toMatchObject({ status: 'completed', latest_number: 1, version: 1 })
  expect(made.latest).toMatchObject({
    ...{ status: 'completed', model: 'a-model', size_bytes: utf8(text).byteLength },
    sha256: await sha256Of(utf8(text)),
  })
  expect(textOf(await content(made.id))).toBe(text)
  const { latest: _, ...shown } = made
  expect(await read(made.id)).toEqual(shown)
})

test('an artifact is renamed by who has its present version, and by nobody else', async () => {
  const { create, patch, read } = await artifactWorld()
  const { id } = await create({ content: 'a' })
  const stale = { headers: { 'if-match': '"v7"' } }
  expect((await patch(`/${id}`, { title: 'Other' }, stale)).status).toBe(412)
  const current = { headers: { 'if-match': '"v1"' } }
  const replies = await Promise.all(
    ['One', 'Two'].map((title) => patch(`/${id}`, { title }, current)),
  )
  expect(replies.map(({ status }) => status).sort()).toEqual([200, 412])
  expect((await read(id)).version).toBe(2)
})

test('a new version leaves earlier ones as they were, and an earlier one comes back as a new one', async () => {
  const { create, post, content, version, read, get } = await artifactWorld()
  const { id } = await create({ content: 'first' })
  const reply = await post(`/${id}/versions`, { content: 'second' })
  expect(reply.status).toBe(201)
  expect(reply.headers.get('location')).toBe(`/v1/artifacts/${id}/versions/2`)
  expect((await post(`/${id}/revert`, { number: 1 })).status).toBe(200)
  expect(await Promise.all([1, 2, 3].map(async (n) => textOf(await content(id, n))))).toEqual([
    ...['first', 'second', 'first'],
  ])
  expect(await version(id, 3)).toMatchObject({ reverted_from: 1, status: 'completed' })
  expect((await version(id, 3)).sha256).toBe((await version(id, 1)).sha256)
  expect(await read(id)).toMatchObject({ latest_number: 3 })
  const { items } = await bodyOf<{ items: Version[] }>(await get(`/${id}/versions`))
  expect(items.map(({ number }) => number)).toEqual([3, 2, 1])
  expect((await post(`/${id}/revert`, { number: 9 })).status).toBe(404)
})

test('a version that is not complete is not gone back to', async () => {
  const { create, post } = await artifactWorld()
  const { id } = await create()
  expect((await post(`/${id}/revert`, { number: 1 })).status).toBe(409)
})

test('of two new versions at once each gets a number of its own', async () => {
  const { create, post, read } = await artifactWorld()
  const { id } = await create({ content: 'a' })
  const replies = await Promise.all(
    ['b', 'c', 'd'].map((text) => post(`/${id}/versions`, { content: text })),
  )
  const numbers = await Promise.all(
    replies.map(async (reply) => (await bodyOf<Version>(reply)).number),
  )
  expect(numbers.sort()).toEqual([2, 3, 4])
  expect((await read(id)).latest_number).toBe(4)
})

test('what is indexed is the text of the latest version that is complete', async () => {
  const { create, append, db, post, tenant } = await artifactWorld()
  const { id } = await create({ content: 'one' })
  const indexed = async () => {
    const [row] = await db
      .select({ text: artifacts.text, number: artifacts.textNumber, search: artifacts.search })
      .from(artifacts)
      .where(and(eq(artifacts.tenantId, tenant.id), eq(artifacts.id, id)))
    return row
  }
  await post(`/${id}/versions`, {})
  await append(id, 'two', { offset: 0, number: 2 })
  expect(await indexed()).toMatchObject({ text: 'one', number: 1 })
  await append(id, ' more', { offset: 3, number: 2, complete: true })
  expect(await indexed()).toMatchObject({ text: 'two more', number: 2 })
  expect((await indexed())?.search).toContain("'more'")
})

test('lists are filtered by document, creator, status and model, newest first, page by page', async () => {
  const { create, get, db, tenant } = await artifactWorld()
  const document = await addDocument(db, {
    tenantId: tenant.id,
    userId: tenant.admin.id,
    pages: ['a'],
  })
  const a = await create({ content: 'a', document_id: document.id, source: { model: 'm' } })
  const b = await create({})
  const c = await create({ content: 'c' })
  const ids = async (query: string) => {
    const { items } = await bodyOf<{ items: Artifact[] }>(await get(`/?${query}`))
    return items.map(({ id }) => id)
  }
  expect(await ids('')).toEqual([c.id, b.id, a.id])
  expect(await ids(`document_id=${document.id}`)).toEqual([a.id])
  expect(await ids('status=streaming')).toEqual([b.id])
  expect(await ids('model=m')).toEqual([a.id])
  expect(await ids(`created_by=${tenant.admin.id}&status=completed`)).toEqual([c.id, a.id])
  expect(await ids(`created_by=${a.id}`)).toEqual([])
  const first = await bodyOf<{ next_cursor: string }>(await get('/?limit=2'))
  expect(await ids(`limit=2&cursor=${first.next_cursor}`)).toEqual([a.id])
})

test('a deleted artifact is gone with all of its content, and the audit log keeps that it was', async () => {
  const { create, del, get, db, tenant } = await artifactWorld()
  const { id } = await create({ content: 'a' })
  expect((await del(`/${id}`, { headers: { 'if-match': '"v9"' } })).status).toBe(412)
  expect((await del(`/${id}`)).status).toBe(204)
  for (const path of ['', '/versions', '/versions/1', '/versions/1/content', '/versions/1/stream'])
    expect((await get(`/${id}${path}`)).status, path).toBe(404)
  expect((await del(`/${id}`)).status).toBe(404)
  const rows = await db.select().from(auditLog).where(eq(auditLog.tenantId, tenant.id))
  expect(rows).toMatchObject([{ action: 'artifact.deleted', subjectId: id }])
})

test('outside channels viewers read, editors write, and who made it or an admin deletes', async () => {
  const { create, get, post, del, db, tenant, otherTenant } = await artifactWorld()
  const { id } = await create({ content: 'a' })
  const [editor, other] = await Promise.all(
    ['editor', 'editor'].map(() => addMember(db, tenant.id, { role: 'editor' })),
  )
  expect((await get(`/${id}`, { as: 'viewer' })).status).toBe(200)
  expect((await post('/', { title: 'B' }, { as: 'viewer' })).status).toBe(403)
  expect((await post(`/${id}/versions`, { content: 'b' }, { as: 'viewer' })).status).toBe(403)
  expect(
    (await post(`/${id}/versions`, { content: 'b' }, { headers: editor?.auth ?? {} })).status,
  ).toBe(201)
  const own = await create({ content: 'x' }, { headers: editor?.auth ?? {} })
  expect((await del(`/${own.id}`, { headers: other?.auth ?? {} })).status).toBe(403)
  expect((await del(`/${own.id}`, { headers: editor?.auth ?? {} })).status).toBe(204)
  expect((await get(`/${id}`, { as: 'guest' })).status).toBe(404)
  expect((await get(`/${id}`, { as: 'ingest' })).status).toBe(403)
  expect((await get('/', { as: 'nobody' })).status).toBe(401)
  expect((await otherTenant.get(`/${id}`)).status).toBe(404)
})

test.each([
  ['generated and with content', { content: 'a', generate: { prompt: 'b' } }, '/generate'],
  ['without a title', { title: '' }, '/title'],
  ['of a kind that is not known', { media_type: 'image/png' }, '/media_type'],
  ['with a prompt too long', { generate: { prompt: 'x'.repeat(100_001) } }, '/generate/prompt'],
  [
    'about no document',
    { generate: { prompt: 'a', include_document: true } },
    '/generate/include_document',
  ],
  ['of no document', { document_id: '0199a1c2-77aa-7aaa-8aaa-000000000099' }, '/document_id'],
])('an artifact %s is a 422 that names the place', async (_, fields, pointer) => {
  const { post } = await artifactWorld()
  const reply = await post('/', { title: 'A', ...fields })
  expect(reply.status).toBe(422)
  const { errors } = await bodyOf<{ errors: { pointer: string }[] }>(reply)
  expect(errors.map((error) => error.pointer)).toEqual([pointer])
})

test('content beyond the limit is a 413, and nothing is made', async () => {
  const { post, get } = await artifactWorld({ config: { artifactBytesMax: 10 } })
  expect((await post('/', { title: 'A', content: 'x'.repeat(11) })).status).toBe(413)
  expect(await bodyOf(await get('/'))).toMatchObject({ items: [] })
})

test('a repeated request with its Idempotency-Key makes one artifact', async () => {
  const { post, get } = await artifactWorld()
  const options = { headers: { 'idempotency-key': 'once' } }
  const ask = () => post('/', { title: 'A', content: 'a' }, options)
  const [first, second] = [await ask(), await ask()]
  expect(second.headers.get('idempotency-replayed')).toBe('true')
  expect(await bodyOf<Artifact>(second)).toEqual(await bodyOf<Artifact>(first))
  expect((await bodyOf<{ items: unknown[] }>(await get('/'))).items).toHaveLength(1)
})
