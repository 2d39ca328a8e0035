import { expect, test } from 'vitest'
import { addDocument } from '../../test/harness/documents.ts'
import { bodyOf } from '../../test/harness/requests.ts'
import { setup } from '../../test/harness/setup.ts'
import { addEditor } from '../../test/harness/tenants.ts'
import { createApp } from './index.ts'

type Lock = { user_id: string; locked_until: string }

async function annotated() {
  const world = await setup(createApp)
  const { db, tenant, post, get } = world
  const owner = { tenantId: tenant.id, userId: tenant.admin.id }
  const { id: documentId } = await addDocument(db, { ...owner, pages: ['a'] })
  const region = { document_id: documentId, page: 1, box: [0, 0, 1, 1], label_name: 'any' }
  const { id } = await bodyOf<{ id: string }>(await post('/', region))
  const colleague = await addEditor(db, tenant.id)
  const asColleague = { headers: { authorization: `Bearer ${colleague.key}` } }
  const holder = async () =>
    (await bodyOf<{ lock: Lock | null }>(await get(`/${id}/lock`))).lock?.user_id ?? null
  return { ...world, id, path: `/${id}/lock`, colleague, asColleague, holder }
}

test('a lock says who works on an annotation, and refuses the next one until it is given back', async () => {
  const { put, del, tenant, path, colleague, asColleague, holder } = await annotated()
  expect(await holder()).toBeNull()
  expect((await put(path)).status).toBe(200)
  expect(await holder()).toBe(tenant.admin.id)
  const refused = await put(path, undefined, asColleague)
  expect(refused.status).toBe(409)
  expect((await bodyOf<{ hint: string }>(refused)).hint).toContain(tenant.admin.id)
  await del(path, asColleague) // not theirs
  expect(await holder()).toBe(tenant.admin.id)
  expect((await del(path)).status).toBe(204)
  expect((await put(path, undefined, asColleague)).status).toBe(200)
  expect(await holder()).toBe(colleague.id)
})

test('a lock ends by itself, and lasts longer when it is asked for again', async () => {
  const { put, path, clock, tenant, asColleague, holder } = await annotated()
  await put(path)
  clock.advance(100_000)
  await put(path)
  clock.advance(100_000)
  expect(await holder()).toBe(tenant.admin.id)
  clock.advance(20_000)
  expect(await holder()).toBeNull()
  expect((await put(path, undefined, asColleague)).status).toBe(200)
})

test('of two who ask for a free annotation at once one gets it', async () => {
  const { put, path, asColleague } = await annotated()
  const replies = await Promise.all([put(path), put(path, undefined, asColleague)])
  expect(replies.map(({ status }) => status).sort()).toEqual([200, 409])
})

test('a lock stops no save', async () => {
  const { put, patch, id, path, asColleague } = await annotated()
  await put(path)
  const headers = { ...asColleague.headers, 'if-match': '"v1"' }
  expect((await patch(`/${id}`, { value: 'theirs' }, { headers })).status).toBe(200)
})

test("a deleted annotation and another tenant's have no lock", async () => {
  const { put, get, del, id, path, otherTenant } = await annotated()
  expect((await otherTenant.put(path)).status).toBe(404)
  expect((await otherTenant.get(path)).status).toBe(404)
  await del(`/${id}`)
  const replies = await Promise.all([put(path), get(path), del(path)])
  expect(replies.map(({ status }) => status)).toEqual([404, 404, 404])
})
