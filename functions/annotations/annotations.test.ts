import { and, eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { documents } from '../../db/schema/index.ts'
import { addDocument } from '../../test/harness/documents.ts'
import { bodyOf } from '../../test/harness/requests.ts'
import { setup } from '../../test/harness/setup.ts'
import { addEditor } from '../../test/harness/tenants.ts'
import { createApp } from './index.ts'

type Annotation = {
  id: string
  page: number
  box: number[]
  value: string | null
  label_name: string
  validation: string
  validated_by: string | null
  version: number
}
type Page<T> = { items: T[]; next_cursor: string | null }
type Problem = { errors?: { pointer: string; detail: string }[] }

const box = [0.1, 0.2, 0.3, 0.05]

async function annotate() {
  const world = await setup(createApp)
  const { db, tenant, post, get, patch } = world
  const owner = { tenantId: tenant.id, userId: tenant.admin.id }
  const { id: documentId } = await addDocument(db, { ...owner, pages: ['One.', 'Two.'] })
  const region = { document_id: documentId, page: 1, box, label_name: 'total' }
  const create = async (fields: object = {}) => {
    const reply = await post('/', { ...region, ...fields })
    expect(reply.status).toBe(201)
    return bodyOf<Annotation>(reply)
  }
  const change = (id: string, version: number, fields: object) =>
    patch(`/${id}`, fields, { headers: { 'if-match': `"v${version}"` } })
  const read = async (id: string) => bodyOf<Annotation>(await get(`/${id}`))
  return { ...world, documentId, region, create, change, read }
}

test('a region is made, read with its ETag, and listed by document and page', async () => {
  const { create, get, documentId } = await annotate()
  const second = await create({ page: 2, value: 'ünï', attributes: { a: [1] }, confidence: 0.5 })
  const first = await create()
  expect(first).toMatchObject({ box, rotation: 0, label_type: 'text', validation: 'pending' })
  const reply = await get(`/${second.id}`)
  expect(reply.headers.get('etag')).toBe('"v1"')
  expect(await bodyOf(reply)).toEqual(second)
  const list = async (query: string) =>
    (await bodyOf<Page<Annotation>>(await get(`/?document_id=${documentId}${query}`))).items
  expect(await list('')).toEqual([first, second])
  expect(await list('&page=2')).toEqual([second])
})

test('a list is read page by page', async () => {
  const { create, get, documentId } = await annotate()
  const made: string[] = []
  for (const page of [1, 1, 2]) made.push((await create({ page })).id)
  const read: string[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const query = `?document_id=${documentId}&limit=1${cursor && `&cursor=${cursor}`}`
    const found: Page<Annotation> = await bodyOf(await get(`/${query}`))
    read.push(...found.items.map(({ id }) => id))
    cursor = found.next_cursor
  }
  expect(read).toEqual(made)
})

test.each([
  ['off the page', { box: [0.9, 0, 0.2, 0.1] }, '/box'],
  ['without an area', { box: [0.1, 0.1, 0, 0.1] }, '/box'],
  ['above the page', { box: [0, -0.1, 0.1, 0.1] }, '/box'],
  ['on a page that the document has not', { page: 3 }, '/page'],
  ['on no document', { document_id: crypto.randomUUID() }, '/document_id'],
  ['without a label', { label_name: ' ' }, '/label_name'],
  ['surer than sure', { confidence: 1.1 }, '/confidence'],
])('a region %s is a 422 that names the field', async (_, fault, pointer) => {
  const { post, region } = await annotate()
  const reply = await post('/', { ...region, ...fault })
  expect(reply.status).toBe(422)
  const { errors } = await bodyOf<Problem>(reply)
  expect(errors?.map((error) => error.pointer)).toEqual([pointer])
})

test('a change needs the version that was read', async () => {
  const { create, patch, change, read } = await annotate()
  const { id } = await create()
  expect((await patch(`/${id}`, { value: 'a' })).status).toBe(428)
  const reply = await change(id, 1, { value: 'a', box: [0, 0, 1, 1] })
  expect(reply.status).toBe(200)
  expect(reply.headers.get('etag')).toBe('"v2"')
  expect(await read(id)).toMatchObject({ value: 'a', box: [0, 0, 1, 1], label_name: 'total' })
})

test('a stale save is a 412 that names the fields that differ from what was read', async () => {
  const { create, change, read } = await annotate()
  const { id } = await create()
  await change(id, 1, { value: 'theirs', label_name: 'sum' })
  const reply = await change(id, 1, { value: 'mine' })
  expect(reply.status).toBe(412)
  const { errors = [] } = await bodyOf<Problem>(reply)
  expect(errors.map(({ pointer, detail }) => [pointer, detail])).toEqual([
    ['/label_name', 'It is now "sum".'],
    ['/value', 'It is now "theirs".'],
  ])
  expect(await read(id)).toMatchObject({ value: 'theirs', version: 2 })
})

test('of 32 who save the same version at once one wins, round after round', async () => {
  const { create, change, read } = await annotate()
  const { id } = await create()
  for (let version = 1; version <= 3; version += 1) {
    const replies = await Promise.all(
      Array.from({ length: 32 }, (_, number) => change(id, version, { value: `${number}` })),
    )
    const winners = replies.flatMap(({ status }, number) => (status === 200 ? [number] : []))
    expect(winners).toHaveLength(1)
    expect(replies.filter(({ status }) => status === 412)).toHaveLength(31)
    expect(await read(id)).toMatchObject({ value: `${winners[0]}`, version: version + 1 })
  }
})

test('what was validated says by whom, and is pending again after a change', async () => {
  const { create, post, change, read, tenant } = await annotate()
  const { id } = await create()
  const reply = await post(`/${id}/validate`, { validation: 'valid' })
  expect(await bodyOf<Annotation>(reply)).toMatchObject({
    ...{ validation: 'valid', validated_by: tenant.admin.id, version: 2 },
  })
  await change(id, 2, { value: 'other' })
  expect(await read(id)).toMatchObject({ validation: 'pending', validated_by: null })
})

test('a deleted region is gone from reads, keeps its history, and comes back as it was', async () => {
  const { create, get, post, del, change, documentId } = await annotate()
  const { id } = await create()
  await change(id, 1, { value: 'kept' })
  expect((await del(`/${id}`)).status).toBe(204)
  expect((await get(`/${id}`)).status).toBe(404)
  expect((await change(id, 3, { value: 'late' })).status).toBe(404)
  const listed = await bodyOf<Page<Annotation>>(await get(`/?document_id=${documentId}`))
  expect(listed.items).toEqual([])
  const restored = await bodyOf<Annotation>(await post(`/${id}/restore`))
  expect(restored).toMatchObject({ id, value: 'kept', version: 4 })
  const { items } = await bodyOf<Page<{ change: string }>>(await get(`/${id}/versions`))
  expect(items.map((item) => item.change)).toEqual(['restore', 'delete', 'change', 'create'])
})

test('undo brings the version before back, and undoing that does it again', async () => {
  const { create, post, change, read } = await annotate()
  const { id, ...made } = await create()
  expect((await post(`/${id}/undo`)).status).toBe(409)
  await change(id, 1, { value: 'changed', box: [0, 0, 0.5, 0.5] })
  await post(`/${id}/undo`)
  expect(await read(id)).toMatchObject({ value: made.value, box: made.box, version: 3 })
  await post(`/${id}/undo`)
  expect(await read(id)).toMatchObject({ value: 'changed', box: [0, 0, 0.5, 0.5], version: 4 })
})

test('undo leaves a verdict with whoever gave it', async () => {
  const { db, tenant, create, post, change, read } = await annotate()
  const reviewer = await addEditor(db, tenant.id)
  const { id } = await create()
  await post(
    `/${id}/validate`,
    { validation: 'valid' },
    {
      headers: { authorization: `Bearer ${reviewer.key}` },
    },
  )
  await change(id, 2, { value: 'changed' })
  await post(`/${id}/undo`)
  expect(await read(id)).toMatchObject({ validation: 'valid', validated_by: reviewer.id })
})

test('a save of no field leaves version and verdict as they are', async () => {
  const { create, post, change, read } = await annotate()
  const { id } = await create({ value: 'same' })
  await post(`/${id}/validate`, { validation: 'valid' })
  expect((await change(id, 2, {})).status).toBe(200)
  expect(await read(id)).toMatchObject({ validation: 'valid', version: 2 })
})

test('nothing is made on a document in the trash', async () => {
  const { db, tenant, post, region, documentId } = await annotate()
  const mine = and(eq(documents.tenantId, tenant.id), eq(documents.id, documentId))
  await db.update(documents).set({ trashedAt: new Date() }).where(mine)
  expect((await post('/', region)).status).toBe(422)
  const headers = { 'content-type': 'application/x-ndjson' }
  const reply = await post('/bulk', JSON.stringify(region), { headers })
  expect(await reply.text()).toContain('"refused"')
})

test('undo of a deletion brings the region back', async () => {
  const { create, post, del, get } = await annotate()
  const { id } = await create({ value: 'here' })
  await del(`/${id}`)
  await post(`/${id}/undo`)
  expect(await bodyOf<Annotation>(await get(`/${id}`))).toMatchObject({ value: 'here' })
})

test('viewers read and do not write; nobody else gets in', async () => {
  const { create, get, post, region, otherTenant } = await annotate()
  const { id } = await create()
  expect((await get(`/${id}`, { as: 'viewer' })).status).toBe(200)
  expect((await post('/', region, { as: 'viewer' })).status).toBe(403)
  expect((await get(`/${id}`, { as: 'nobody' })).status).toBe(401)
  expect((await otherTenant.get(`/${id}`)).status).toBe(404)
  expect((await otherTenant.post('/', region)).status).toBe(422)
  expect((await otherTenant.get(`/${id}/versions`)).status).toBe(404)
})
