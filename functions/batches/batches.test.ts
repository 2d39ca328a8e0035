import { sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import type { Db } from '../../db/client.ts'
import { type Batch, batchRoutes, countBatches, type Item } from '../../test/fixtures/batches.ts'
import { addDocument } from '../../test/harness/documents.ts'
import { bodyOf } from '../../test/harness/requests.ts'
import { setup } from '../../test/harness/setup.ts'
import { createApp } from './index.ts'

type Page<T> = { items: T[]; next_cursor: string | null }
type Problem = { code: string; errors?: { pointer: string; code: string }[] }

async function withDocuments(count = 3) {
  const bundle = await setup(createApp)
  const { db, tenant } = bundle
  const add = async (of = tenant) =>
    (await addDocument(db, { tenantId: of.id, userId: of.admin.id, pages: ['One page.'] })).id
  const ids: string[] = []
  for (let index = 0; index < count; index += 1) ids.push(await add())
  return { ...bundle, ...batchRoutes(bundle), add, ids }
}

const asExport = { operation: 'export', parameters: { format: 'json' } }
const unknownId = '0199a1c2-77aa-7aaa-8aaa-0000000000ff'

test('a batch is accepted at once, with its items in the order of the documents', async () => {
  const { post, get, ids } = await withDocuments()
  const order = ids.toReversed()
  const response = await post('/', { ...asExport, name: 'Today', document_ids: order })
  expect(response.status).toBe(202)
  const batch = await bodyOf<Batch>(response)
  expect(response.headers.get('location')).toBe(`/v1/batches/${batch.id}`)
  expect(response.headers.get('etag')).toBe('"v1"')
  expect(batch).toMatchObject({
    ...{ name: 'Today', operation: 'export', parameters: { format: 'json' }, status: 'running' },
    counts: { total: 3, queued: 3, running: 0, completed: 0, failed: 0, cancelled: 0 },
  })
  const { items } = await bodyOf<Page<Item>>(await get(`/${batch.id}/items`))
  expect(items.map((item) => item.document_id)).toEqual(order)
  expect(items[0]).toMatchObject({ position: 0, status: 'queued', attempts: 0, error: null })
})

const first = (ids: string[]) => ids.slice(0, 1)

test.each<[string, string, (ids: string[]) => object]>([
  ['no documents', '/document_ids', () => asExport],
  ['both ways', '/document_ids', (ids) => ({ ...asExport, document_ids: ids, filter: {} })],
  ['a document twice', '/document_ids', (ids) => ({ ...asExport, document_ids: [...ids, ...ids] })],
  [
    'an unknown one',
    '/document_ids/1',
    (ids) => ({ ...asExport, document_ids: [...first(ids), unknownId] }),
  ],
  [
    'no template',
    '/parameters/template_id',
    (ids) => ({ operation: 'apply_template', document_ids: ids }),
  ],
  [
    'an unknown template',
    '/parameters/template_id',
    (ids) => ({
      operation: 'apply_template',
      parameters: { template_id: unknownId },
      document_ids: ids,
    }),
  ],
  ['no format', '/parameters/format', (ids) => ({ operation: 'export', document_ids: ids })],
  [
    'a format for nothing',
    '/parameters/format',
    (ids) => ({ ...asExport, operation: 'extract', document_ids: ids }),
  ],
  ['a filter that finds nothing', '/filter', () => ({ ...asExport, filter: { kind: 'markdown' } })],
])('%s is refused, and no batch is made', async (_, pointer, body) => {
  const { post, ids, db, tenant } = await withDocuments(1)
  const response = await post('/', body(ids))
  expect(response.status).toBe(422)
  const { errors } = await bodyOf<Problem>(response)
  expect(errors?.map((error) => error.pointer)).toEqual([pointer])
  expect(await countBatches(db, tenant.id)).toBe(0)
})

test("another tenant's document is as unknown as one that is not there", async () => {
  const { post, ids, add, otherTenant } = await withDocuments(1)
  const theirs = await add(otherTenant)
  const refusals = await Promise.all(
    [theirs, unknownId].map(async (id) => {
      const response = await post('/', { ...asExport, document_ids: [...ids, id] })
      return { ...(await bodyOf<object>(response)), instance: null }
    }),
  )
  expect(refusals[0]).toEqual(refusals[1])
})

test('a filter takes the documents that there are now, oldest first, without the trash', async () => {
  const { create, items, ids, add, db, tenant } = await withDocuments()
  await db.execute(sql`
    update documents set trashed_at = now() where tenant_id = ${tenant.id} and id = ${ids[1]}`)
  const { id } = await create({ ...asExport, filter: { status: 'completed', kind: 'pdf' } })
  await add()
  expect((await items(id)).map((item) => item.document_id)).toEqual([ids[0], ids[2]])
})

test('items come a page at a time in their order, also of one state alone', async () => {
  const { create, get, ids, db, tenant } = await withDocuments(5)
  const { id } = await create({ ...asExport, document_ids: ids })
  await db.execute(sql`update batch_items set status = 'cancelled'
    where tenant_id = ${tenant.id} and batch_id = ${id} and position in (1, 3, 4)`)
  const places = async (query: string) => {
    const { items, next_cursor: next } = await bodyOf<Page<Item>>(
      await get(`/${id}/items?${query}`),
    )
    return { places: items.map((item) => item.position), next }
  }
  const all = await places('limit=3')
  expect(all.places).toEqual([0, 1, 2])
  expect(await places(`limit=3&cursor=${all.next}`)).toEqual({ places: [3, 4], next: null })
  const cancelled = await places('limit=2&status=cancelled')
  expect(cancelled.places).toEqual([1, 3])
  const rest = await places(`limit=2&status=cancelled&cursor=${cancelled.next}`)
  expect(rest).toEqual({ places: [4], next: null })
  expect((await get(`/${id}/items?cursor=${cancelled.next}`)).status).toBe(400)
})

test('batches are listed newest first, by operation and state', async () => {
  const { create, post, get, ids } = await withDocuments(1)
  const [one, two] = [
    await create({ ...asExport, document_ids: ids }),
    await create({ operation: 'extract', document_ids: ids }),
  ]
  await post(`/${one.id}/cancel`)
  const listed = async (query: string) =>
    (await bodyOf<Page<Batch>>(await get(`/?${query}`))).items.map(({ id }) => id)
  expect(await listed('limit=5')).toEqual([two.id, one.id])
  expect(await listed('operation=export')).toEqual([one.id])
  expect(await listed('status=running')).toEqual([two.id])
  const page = await bodyOf<Page<Batch>>(await get('/?limit=1'))
  expect(await listed(`limit=1&cursor=${page.next_cursor}`)).toEqual([one.id])
})

test('a viewer may look and not touch', async () => {
  const { create, get, post, del, ids } = await withDocuments(1)
  const { id } = await create({ ...asExport, document_ids: ids })
  const as = { as: 'viewer' } as const
  expect((await get(`/${id}`, as)).status).toBe(200)
  const refused = [
    await post('/', { ...asExport, document_ids: ids }, as),
    await post(`/${id}/cancel`, undefined, as),
    await post(`/${id}/retry`, {}, as),
    await del(`/${id}`, as),
  ]
  expect(refused.map((response) => response.status)).toEqual([403, 403, 403, 403])
})

test('one Idempotency-Key makes one batch, also of two requests at once', async () => {
  const { post, ids, db, tenant } = await withDocuments()
  const body = { ...asExport, document_ids: ids }
  const send = () => post('/', body, { headers: { 'idempotency-key': 'once' } })
  const both = await Promise.all([send(), send()])
  expect(both.map(({ status }) => status).sort()).toEqual(
    both.every(({ status }) => status === 202) ? [202, 202] : [202, 409],
  )
  const again = await send()
  expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([202, 'true'])
  expect(await countBatches(db, tenant.id)).toBe(1)
})

test('only a batch that has ended can be deleted, and its documents stay', async () => {
  const { create, post, del, get, ids, db, tenant } = await withDocuments()
  const { id } = await create({ ...asExport, document_ids: ids })
  expect((await del(`/${id}`)).status).toBe(409)
  await post(`/${id}/cancel`)
  const stale = await del(`/${id}`, { headers: { 'if-match': '"v1"' } })
  expect(stale.status).toBe(412)
  expect((await del(`/${id}`)).status).toBe(204)
  expect((await get(`/${id}`)).status).toBe(404)
  expect(await rowsOf(db, tenant.id)).toEqual({ items: 0, documents: 3 })
})

async function rowsOf(db: Db, tenantId: string) {
  const [row] = await db.execute<{ items: number; documents: number }>(sql`
    select (select count(*)::int from batch_items where tenant_id = ${tenantId}) as items,
      (select count(*)::int from documents where tenant_id = ${tenantId}) as documents`)
  return row && { ...row }
}

test('a look at a batch needs none of its items, and a look again is answered 304', async () => {
  const { create, get, ids, db } = await withDocuments()
  const { id } = await create({ ...asExport, document_ids: ids })
  await db.transaction(async (tx) => {
    await tx.execute(sql`lock table batch_items in access exclusive mode`) // nobody can read them
    expect((await get(`/${id}`)).status).toBe(200)
  })
  const unchanged = await get(`/${id}`, { headers: { 'if-none-match': '"v1"' } })
  expect(unchanged.status).toBe(304)
})

test('only a batch of exports that has ended can be exported', async () => {
  const { create, post, get, ids } = await withDocuments(1)
  const one = await create({ ...asExport, document_ids: ids })
  const other = await create({ operation: 'extract', document_ids: ids })
  expect((await get(`/${one.id}/export`)).status).toBe(409)
  for (const { id } of [one, other]) await post(`/${id}/cancel`)
  expect((await get(`/${other.id}/export`)).status).toBe(409)
  const empty = await get(`/${one.id}/export`)
  expect(empty.status).toBe(200)
  expect(empty.headers.get('content-type')).toBe('application/json')
})
