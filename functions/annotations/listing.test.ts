import { expect, test } from 'vitest'
import { addDocument } from '../../test/harness/documents.ts'
import { bodyOf } from '../../test/harness/requests.ts'
import { setup } from '../../test/harness/setup.ts'
import { createApp } from './index.ts'

type Listed = {
  items: { id: string; value: string; deleted_at: string | null }[]
  next_cursor: string | null
}

async function world() {
  const bench = await setup(createApp)
  const { db, tenant, post, get, clock } = bench
  const owner = { tenantId: tenant.id, userId: tenant.admin.id }
  const { id: documentId } = await addDocument(db, { ...owner, pages: ['One.', 'Two.'] })
  const make = async (value: string, fields: object = {}, as: 'admin' | 'editor' = 'admin') => {
    const region = { document_id: documentId, page: 1, box: [0, 0, 1, 1], label_name: 'total' }
    const reply = await post('/', { ...region, value, ...fields }, { as })
    return bodyOf<{ id: string; created_by: string; updated_at: string }>(reply)
  }
  const read = async (query: string) =>
    bodyOf<Listed>(await get(`/?document_id=${documentId}&${query}`))
  const values = async (query: string) => (await read(query)).items.map(({ value }) => value)
  const first = await make('a', { confidence: 0.25, source: 'model' })
  const second = await make('b', { label_name: 'date', confidence: 0.75 }, 'editor')
  await post(`/${second.id}/validate`, { validation: 'valid' })
  clock.advance(60_000)
  const third = await make('c', { page: 2 })
  return { ...bench, documentId, read, values, first, second, third }
}

test('a list is narrowed by what its annotations are', async () => {
  const { values, second, third } = await world()
  expect(await values('')).toEqual(['a', 'b', 'c'])
  expect(await values('label_name=date')).toEqual(['b'])
  expect(await values('validation=pending')).toEqual(['a', 'c'])
  expect(await values('source=model')).toEqual(['a'])
  expect(await values('min_confidence=0.5')).toEqual(['b'])
  expect(await values('max_confidence=0.5')).toEqual(['a'])
  expect(await values('min_confidence=0.25&max_confidence=0.75')).toEqual(['a', 'b'])
  expect(await values(`created_by=${second.created_by}`)).toEqual(['a', 'b', 'c'])
  expect(await values(`created_by=${crypto.randomUUID()}`)).toEqual([])
  expect(await values(`updated_since=${third.updated_at}`)).toEqual(['c'])
  expect(await values('source=human&page=1&label_name=date')).toEqual(['b'])
})

test('deleted annotations are listed for whoever asks, with their time', async () => {
  const { values, read, first, del } = await world()
  await del(`/${first.id}`)
  expect(await values('')).toEqual(['b', 'c'])
  const { items } = await read('include_deleted=true')
  expect(items.map(({ value, deleted_at }) => [value, deleted_at === null])).toEqual([
    ['a', false],
    ['b', true],
    ['c', true],
  ])
})

test('a cursor continues its own list and no other', async () => {
  const { read, get, documentId } = await world()
  const { items, next_cursor } = await read('max_confidence=1&limit=1')
  expect(items.map(({ value }) => value)).toEqual(['a'])
  const next = await read(`max_confidence=1&limit=1&cursor=${next_cursor}`)
  expect(next.items.map(({ value }) => value)).toEqual(['b'])
  expect(next.next_cursor).toBeNull()
  const other = await get(`/?document_id=${documentId}&limit=1&cursor=${next_cursor}`)
  expect(other.status).toBe(400)
})

test.each([
  ['validation=maybe'],
  ['min_confidence=2'],
  ['updated_since=yesterday'],
  ['created_by=me'],
  ['include_deleted=perhaps'],
  ['label=total'],
])('a list narrowed by %s is refused', async (query) => {
  const { get, documentId } = await world()
  expect((await get(`/?document_id=${documentId}&${query}`)).status).toBe(422)
})
