import { eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { annotations } from '../../db/schema/annotations.ts'
import { type Document, type Listed, pdf, withVersions } from '../../test/fixtures/versions.ts'
import { completeDocument } from '../../test/harness/documents.ts'
import { addMember, refusalOf } from '../../test/harness/members.ts'
import { bodyOf } from '../../test/harness/requests.ts'

test('a document that never had another file has one version: itself', async () => {
  const { upload, of, tenant } = await withVersions()
  const { id } = await upload('one')
  expect(await of(id).versions()).toMatchObject([
    { number: 1, is_current: true, filename: 'a.pdf', bytes: 12, user_id: tenant.admin.id },
  ])
  expect(await of(id).content(1)).toBe(pdf('one'))
})

test('a new version becomes the file and is read again; the one before is kept with its pages counted', async () => {
  const { upload, add, of, db, tenant, get } = await withVersions()
  const document = await upload('one')
  const { id } = document
  await completeDocument(db, { tenantId: tenant.id, document, pages: ['first', 'second'] })
  const reply = await add(id, 'two', { query: '?filename=b.pdf' })
  expect(reply.status).toBe(202)
  const now = await bodyOf<Document>(reply)
  expect(now).toMatchObject({ file_version: 2, filename: 'b.pdf', status: 'pending', title: null })
  expect(now.job_id).not.toBe(document.job_id)
  expect(reply.headers.get('etag')).toBe(`"v${now.version}"`)
  expect((await get(`/v1/documents/${id}/pages/1`)).status).toBe(404)
  expect(await of(id).versions()).toMatchObject([
    { number: 2, is_current: true, filename: 'b.pdf', page_count: null },
    { number: 1, is_current: false, filename: 'a.pdf', page_count: 2 },
  ])
  expect(await of(id).content()).toBe(pdf('two'))
  expect(await of(id).content(1)).toBe(pdf('one'))
  await completeDocument(db, { tenantId: tenant.id, document: now, pages: ['new'] })
  expect((await of(id).versions())[0]).toMatchObject({ number: 2, page_count: 1 })
})

test('a version of the past is sent by ranges, and what does not exist is a 404', async () => {
  const { upload, add, get } = await withVersions()
  const { id } = await upload('one')
  await add(id, 'two')
  const headers = { range: 'bytes=9-11' }
  const part = await get(`/v1/documents/${id}/versions/1/content`, { headers })
  expect([part.status, await part.text()]).toEqual([206, 'one'])
  for (const number of ['0', '3', '01', 'x'])
    expect((await get(`/v1/documents/${id}/versions/${number}/content`)).status).toBe(404)
})

test('the bytes that a document has already change nothing, and are not stored twice', async () => {
  const { upload, add, of, counts } = await withVersions()
  const { id, version } = await upload('one')
  const reply = await add(id, 'one', { query: '?filename=other.pdf' })
  expect(reply.status).toBe(200)
  expect(await of(id).read()).toMatchObject({ version, filename: 'a.pdf', file_version: 1 })
  expect(await counts()).toEqual({ blobs: 1, versions: 0, objects: 1 })
})

test('annotations and tags stay with the document through versions', async () => {
  const { upload, add, of, patch, db, tenant } = await withVersions()
  const { id: documentId } = await upload('one')
  await patch(`/v1/documents/${documentId}`, { tags: ['Kept'] })
  const by = { createdByUserId: tenant.admin.id, updatedByUserId: tenant.admin.id }
  const box = { page: 1, x: 0, y: 0, width: 1, height: 1, labelName: 'total' }
  const id = crypto.randomUUID()
  await db.insert(annotations).values({ tenantId: tenant.id, id, documentId, ...box, ...by })
  await add(documentId, 'two')
  await of(documentId).restore(1)
  expect(await of(documentId).read()).toMatchObject({ tags: ['Kept'], file_version: 3 })
  expect(await db.$count(annotations, eq(annotations.tenantId, tenant.id))).toBe(1)
})

test('an earlier file becomes the current one as a new version', async () => {
  const { upload, add, of, counts } = await withVersions()
  const { id } = await upload('one')
  await add(id, 'two')
  const reply = await of(id).restore(1)
  expect(reply.status).toBe(202)
  expect(await bodyOf(reply)).toMatchObject({ file_version: 3, revision: 1, status: 'pending' })
  expect(await of(id).content()).toBe(pdf('one'))
  expect((await of(id).versions()).map(({ number }) => number)).toEqual([3, 2, 1])
  expect(await counts()).toEqual({ blobs: 2, versions: 3, objects: 2 })
  for (const number of [1, 3]) expect((await of(id).restore(number)).status).toBe(200)
  expect((await of(id).restore(9)).status).toBe(404)
})

test('of two versions that are uploaded at once none is lost: they are 2 and 3', async () => {
  const { upload, add, of } = await withVersions()
  const { id } = await upload('one')
  const replies = await Promise.all([add(id, 'two'), add(id, 'three')])
  expect(replies.map(({ status }) => status)).toEqual([202, 202])
  const versions = await of(id).versions()
  expect(versions.map(({ number, is_current }) => [number, is_current])).toEqual([
    [3, true],
    [2, false],
    [1, false],
  ])
  const contents = [await of(id).content(2), await of(id).content(3)]
  expect(contents.sort()).toEqual([pdf('three'), pdf('two')])
  expect(await of(id).content()).toBe(await of(id).content(3))
})

test('of two uploads for the version that both have read one is refused and leaves nothing', async () => {
  const { upload, add, of, counts } = await withVersions()
  const { id } = await upload('one')
  const headers = { 'if-match': '"v1"' }
  const replies = await Promise.all([add(id, 'two', { headers }), add(id, 'three', { headers })])
  expect(replies.map(({ status }) => status).sort()).toEqual([202, 412])
  expect(await of(id).versions()).toHaveLength(2)
  expect(await counts()).toEqual({ blobs: 2, versions: 2, objects: 2 })
})

test('a second file, a file that cannot be read, and an unknown document leave nothing behind', async () => {
  const { upload, post, counts, of } = await withVersions()
  const { id } = await upload('one')
  const form = new FormData()
  for (const name of ['b.pdf', 'c.pdf']) form.append('file', new Blob([pdf(name)]), name)
  const path = `/v1/documents/${id}/versions`
  expect((await post(path, form)).status).toBe(422)
  expect((await post(path, new Uint8Array(2_000))).status).toBe(415)
  expect((await post(path, '')).status).toBe(422)
  const unknown = '/v1/documents/0199a1c2-77aa-7aaa-8aaa-0000000000ff/versions'
  expect((await post(unknown, pdf('x'))).status).toBe(404)
  expect(await of(id).read()).toMatchObject({ file_version: 1 })
  expect(await counts()).toEqual({ blobs: 1, versions: 0, objects: 1 })
})

test('a form with one file and its password is a version, too', async () => {
  const { upload, post, of } = await withVersions()
  const { id } = await upload('one')
  const form = new FormData()
  form.append('file', new Blob([pdf('two')]), 'b.pdf')
  form.append('password', 'sesame')
  expect((await post(`/v1/documents/${id}/versions`, form)).status).toBe(202)
  expect(await of(id).read()).toMatchObject({ filename: 'b.pdf', file_version: 2 })
})

test('the same upload again under one Idempotency-Key makes one version', async () => {
  const { upload, add, of, counts } = await withVersions()
  const { id } = await upload('one')
  const headers = { 'idempotency-key': 'again' }
  const first = await add(id, 'two', { headers })
  const again = await add(id, 'two', { headers })
  expect([first.status, again.status]).toEqual([202, 202])
  expect(again.headers.get('idempotency-replayed')).toBe('true')
  expect((await add(id, 'three', { headers })).status).toBe(422)
  expect(await of(id).versions()).toHaveLength(2)
  expect(await counts()).toMatchObject({ objects: 2 })
})

test('a repeated upload gets its first reply, whatever has become of the document since', async () => {
  const { upload, add, of, patch, post, counts } = await withVersions()
  const { id } = await upload('one')
  const headers = { 'idempotency-key': 'again', 'if-match': '"v1"' }
  const first = await add(id, 'two', { headers })
  expect(first.status).toBe(202)
  const body = await first.json()
  const expectReplay = async () => {
    const again = await add(id, 'two', { headers })
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([202, 'true'])
    expect(await again.json()).toEqual(body)
  }
  await expectReplay()
  expect((await patch(`/v1/documents/${id}`, { filename: 'renamed.pdf' })).status).toBe(200)
  await expectReplay()
  await add(id, 'three')
  await post(`/v1/documents/${id}/trash`)
  await expectReplay()
  expect((await add(id, 'four', { headers })).status).toBe(422)
  const fresh = { ...headers, 'idempotency-key': 'new' }
  expect((await add(id, 'two', { headers: fresh })).status).toBe(412)
  expect(await of(id).versions()).toHaveLength(3)
  expect(await counts()).toMatchObject({ objects: 3 })
})

test('no version is added in the trash, and all can be read there', async () => {
  const { upload, add, of, post } = await withVersions()
  const { id } = await upload('one')
  await add(id, 'two')
  await post(`/v1/documents/${id}/trash`)
  expect((await add(id, 'three')).status).toBe(409)
  expect((await of(id).restore(1)).status).toBe(409)
  expect(await of(id).content(1)).toBe(pdf('one'))
})

test('versions are listed page by page', async () => {
  const { upload, add, get } = await withVersions()
  const { id } = await upload('one')
  await add(id, 'two')
  await add(id, 'three')
  const path = `/v1/documents/${id}/versions?limit=2`
  const first = await bodyOf<Listed>(await get(path))
  expect(first.items.map(({ number }) => number)).toEqual([3, 2])
  const rest = await bodyOf<Listed>(await get(`${path}&cursor=${first.next_cursor}`))
  expect([rest.items.map(({ number }) => number), rest.next_cursor]).toEqual([[1], null])
})

test('editors add versions, viewers read them, and nobody sees those of another tenant', async () => {
  const { upload, post, get, db, tenant, otherTenant } = await withVersions()
  const { id } = await upload('one')
  const [path, unknown] = [id, '0199a1c2-77aa-7aaa-8aaa-0000000000ff'].map(
    (each) => `/v1/documents/${each}/versions`,
  )
  const { auth: headers } = await addMember(db, tenant.id, { role: 'ingest' })
  expect((await post(path ?? '', pdf('x'), { as: 'viewer' })).status).toBe(403)
  expect((await post(path ?? '', pdf('x'), { headers })).status).toBe(403)
  expect((await get(path ?? '', { as: 'viewer' })).status).toBe(200)
  expect((await get(path ?? '', { headers })).status).toBe(404)
  for (const part of ['', '/1/content']) {
    const replies = [path, unknown].map((each) => otherTenant.get(`${each}${part}`))
    const [foreign, nobodys] = await Promise.all(replies.map(async (each) => refusalOf(await each)))
    expect(foreign).toEqual(nobodys)
  }
})
