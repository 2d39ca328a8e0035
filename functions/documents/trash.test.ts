import { and, eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { auditLog, documents, jobs } from '../../db/schema/index.ts'
import { removeDocument } from '../../domain/documents/removal.ts'
import { emptyTrash } from '../../domain/documents/trash.ts'
import {
  completeDocument,
  type UploadedDocument,
  uploadTraces,
} from '../../test/harness/documents.ts'
import { bodyOf } from '../../test/harness/requests.ts'
import { setup } from '../../test/harness/setup.ts'
import { createApp } from './index.ts'

type Document = UploadedDocument & { trashed_at: string | null; revision: number }
type Listed = { items: Document[]; next_cursor: string | null }

async function withTrash() {
  const bundle = await setup(createApp)
  const { db, tenant, storage, post, get, clock } = bundle
  const upload = async (text = 'x', query = '') =>
    bodyOf<Document>(await post(`/v1/documents?${query}`, `%PDF-1.7 ${text}`))
  const read = async (id: string) => bodyOf<Document>(await get(`/v1/documents/${id}`))
  const list = async (query = '') => bodyOf<Listed>(await get(`/v1/documents?${query}`))
  /** Of all tenants; gives the ids of those that could not be deleted. */
  const empty = async (days: number) => {
    const at = clock.now()
    const before = new Date(at.getTime() - days * 24 * 3_600_000)
    const failed: string[] = []
    const onFailure = (id: string) => failed.push(id)
    await emptyTrash(db, { before, at, signal: new AbortController().signal, onFailure })
    return failed
  }
  const actions = async () => {
    const mine = eq(auditLog.tenantId, tenant.id)
    const rows = await db.select().from(auditLog).where(mine).orderBy(auditLog.seq)
    return rows.map(({ action, subjectId, actorUserId }) => [action, subjectId, actorUserId])
  }
  return {
    ...bundle,
    upload,
    read,
    list,
    empty,
    actions,
    trash: (id: string, headers = {}) => post(`/v1/documents/${id}/trash`, undefined, { headers }),
    restore: (id: string) => post(`/v1/documents/${id}/restore`),
    traces: () => uploadTraces(db, { tenantId: tenant.id, objects: storage.objects }),
  }
}

test('what is in the trash leaves the list, stands in that of the trash, and is read by its id', async () => {
  const { upload, trash, read, list } = await withTrash()
  const [kept, gone] = [await upload('a'), await upload('b')]
  const reply = await trash(gone.id)
  expect([reply.status, reply.headers.get('etag')]).toEqual([200, '"v2"'])
  expect((await list()).items.map(({ id }) => id)).toEqual([kept.id])
  expect((await list('trashed=true')).items.map(({ id }) => id)).toEqual([gone.id])
  const { trashed_at } = await read(gone.id)
  expect(trashed_at).toBe((await bodyOf<Document>(reply)).trashed_at)
  expect(trashed_at).not.toBeNull()
})

test('a restored document is back in the list, in a new version, and the audit says who did both', async () => {
  const { upload, trash, restore, list, actions, tenant } = await withTrash()
  const { id } = await upload()
  await trash(id)
  const reply = await restore(id)
  expect(await bodyOf(reply)).toMatchObject({ id, trashed_at: null, version: 3 })
  expect((await list()).items).toHaveLength(1)
  expect(await actions()).toEqual([
    ['document.trashed', id, tenant.admin.id],
    ['document.restored', id, tenant.admin.id],
  ])
})

test('to trash or restore twice changes nothing, and of two at once one makes a version', async () => {
  const { upload, trash, restore, actions } = await withTrash()
  const { id } = await upload()
  const both = await Promise.all([trash(id), trash(id)])
  expect(both.map((reply) => [reply.status, reply.headers.get('etag')])).toEqual([
    [200, '"v2"'],
    [200, '"v2"'],
  ])
  await restore(id)
  expect((await restore(id)).headers.get('etag')).toBe('"v3"')
  expect(await actions()).toHaveLength(2)
})

test('to trash honours If-Match', async () => {
  const { upload, trash, read } = await withTrash()
  const { id } = await upload()
  expect((await trash(id, { 'if-match': '"v9"' })).status).toBe(412)
  expect((await read(id)).trashed_at).toBeNull()
})

test('nothing in the trash is changed: 409 with what to do, and deletion is still possible', async () => {
  const { upload, trash, read, patch, post, del } = await withTrash()
  const { id } = await upload()
  await trash(id)
  const replies = [
    await patch(`/v1/documents/${id}`, { filename: 'b.pdf' }),
    await post(`/v1/documents/${id}/reprocess`),
  ]
  for (const reply of replies)
    expect(await bodyOf(reply)).toMatchObject({ status: 409, hint: /restore/ })
  expect(await read(id)).toMatchObject({ version: 2 })
  expect((await del(`/v1/documents/${id}`)).status).toBe(204)
})

test('a run goes on in the trash: what it has read is there after a restore', async () => {
  const { db, tenant, upload, trash, restore, get } = await withTrash()
  const document = await upload()
  await trash(document.id)
  await completeDocument(db, { tenantId: tenant.id, document, pages: ['one'] })
  expect(await bodyOf(await restore(document.id))).toMatchObject({ status: 'completed' })
  expect((await get(`/v1/documents/${document.id}/pages/1`)).status).toBe(200)
})

test.each(['link', 'refuse'])(
  'under the policy %s the bytes of a document in the trash make a new document, and both can live',
  async (policy) => {
    const { upload, trash, restore, read, traces } = await withTrash()
    const { id } = await upload()
    await trash(id)
    const again = await upload('x', `duplicate=${policy}`)
    expect(again).toMatchObject({ revision: 2, trashed_at: null })
    expect(again.id).not.toBe(id)
    expect((await restore(id)).status).toBe(200)
    expect(await read(again.id)).toMatchObject({ trashed_at: null })
    expect(await traces()).toMatchObject({ documents: 2, blobs: 1, objects: 1 })
  },
)

test('the trash is emptied of what has lain there long enough, with bytes, run and an audit row', async () => {
  const { upload, trash, empty, clock, db, tenant, actions, get } = await withTrash()
  const [old, recent, kept] = [await upload('a'), await upload('b'), await upload('c')]
  await trash(old.id)
  clock.advance(20 * 24 * 3_600_000)
  await trash(recent.id)
  clock.advance(11 * 24 * 3_600_000)
  expect(await empty(30)).toEqual([])
  expect((await get(`/v1/documents/${old.id}`)).status).toBe(404)
  expect((await get(`/v1/documents/${recent.id}`)).status).toBe(200)
  expect((await get(`/v1/documents/${kept.id}`)).status).toBe(200)
  const ofTenant = and(eq(jobs.tenantId, tenant.id), eq(jobs.kind, 'blobs.delete'))
  expect(await db.$count(jobs, ofTenant)).toBe(1)
  expect((await actions()).at(-1)).toEqual(['document.deleted', old.id, null])
})

test('several workers that empty the trash at once delete each document once', async () => {
  const { upload, trash, empty, clock, actions } = await withTrash()
  for (const text of ['a', 'b', 'c']) await trash((await upload(text)).id)
  clock.advance(31 * 24 * 3_600_000)
  await Promise.all([empty(30), empty(30)])
  const deleted = (await actions()).filter(([action]) => action === 'document.deleted')
  expect(new Set(deleted.map(([, id]) => id)).size).toBe(deleted.length)
  expect(deleted).toHaveLength(3)
})

test('a document that is restored while the trash is emptied stays', async () => {
  const { upload, trash, restore, read, db, tenant, clock } = await withTrash()
  const { id } = await upload()
  await trash(id)
  clock.advance(31 * 24 * 3_600_000)
  const fields = { tenantId: tenant.id, documentId: id, requestId: null, versions: null }
  const removal = { ...fields, trashedBefore: clock.now() }
  const removed = () => db.transaction((tx) => removeDocument(tx, removal))
  await restore(id)
  expect(await removed()).toBe(false)
  expect(await read(id)).toMatchObject({ trashed_at: null })
  await trash(id)
  expect(await removed()).toBe(false)
})

test('one that cannot be deleted keeps nobody else in the trash', async () => {
  const { upload, trash, empty, clock, db, tenant } = await withTrash()
  const [stuck, free] = [await upload('a'), await upload('b')]
  for (const { id } of [stuck, free]) await trash(id)
  clock.advance(31 * 24 * 3_600_000)
  await db.execute(`create function keep_stuck() returns trigger language plpgsql as
    $$ begin if old.id = '${stuck.id}' then raise exception 'kept'; end if; return old; end $$`)
  await db.execute(
    'create trigger keep before delete on documents for each row execute function keep_stuck()',
  )
  expect(await empty(30)).toContain(stuck.id)
  await db.execute('drop trigger keep on documents')
  expect(await db.$count(documents, eq(documents.tenantId, tenant.id))).toBe(1)
  expect(await empty(30)).toEqual([])
  expect(await db.$count(documents, eq(documents.tenantId, tenant.id))).toBe(0)
})

test("viewers may not trash, and another tenant's document is not there", async () => {
  const { upload, post, otherTenant } = await withTrash()
  const { id } = await upload()
  for (const verb of ['trash', 'restore']) {
    const path = `/v1/documents/${id}/${verb}`
    expect((await post(path, undefined, { as: 'viewer' })).status).toBe(403)
    expect((await otherTenant.post(path)).status).toBe(404)
  }
})
