import { and, eq } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import { expect, test } from 'vitest'
import { batches, batchItems, documents } from '../../db/schema/index.ts'
import { type Item, type Page, reviewing } from '../../test/fixtures/reviewing.ts'
import { bodyOf } from '../../test/harness/requests.ts'

test('what waits for review comes with the least confident first and those of people last', async () => {
  const { annotate, queue, documentId } = await reviewing()
  const human = await annotate()
  const sure = await annotate({ confidence: 1, source: 'model' })
  const [unsure, alike] = [await annotate({ confidence: 0.2 }), await annotate({ confidence: 0.2 })]
  const { items } = await queue()
  expect(items.map(({ annotation }) => annotation.id)).toEqual([unsure, alike, sure, human])
  expect(items[0]).toMatchObject({ filename: 'a.pdf', lock: null })
  expect(items[0]?.annotation).toMatchObject({ document_id: documentId, validation: 'pending' })
})

test('judged and deleted ones, and those of documents in the trash, do not wait', async () => {
  const { annotate, judge, change, queuedIds, addPages, db, tenant, clock } = await reviewing()
  const waiting = await annotate()
  await judge(await annotate(), 'valid')
  await change(await annotate(), { deletedAt: clock.now() })
  const trashed = await addPages(1)
  await annotate({ documentId: trashed })
  expect(await queuedIds()).toHaveLength(2)
  await db
    .update(documents)
    .set({ trashedAt: clock.now() })
    .where(and(eq(documents.tenantId, tenant.id), eq(documents.id, trashed)))
  expect(await queuedIds()).toEqual([waiting])
})

test('a queue read page by page leaves nothing out and repeats nothing while items are judged', async () => {
  const { annotate, judge, get } = await reviewing()
  const made: string[] = []
  for (const confidence of [0.1, 0.2, 0.2, 0.3, null, null])
    made.push(await annotate({ confidence }))
  const read: string[] = []
  for (let cursor = ''; ; ) {
    const page = await bodyOf<Page<Item>>(await get(`/queue?limit=2${cursor}`))
    const ids = page.items.map(({ annotation }) => annotation.id)
    read.push(...ids)
    for (const id of ids) await judge(id, 'valid')
    if (page.next_cursor === null) break
    cursor = `&cursor=${page.next_cursor}`
  }
  expect(read).toEqual(made)
})

test('a cursor fits only its own filters', async () => {
  const { annotate, queue, get } = await reviewing()
  await annotate()
  await annotate()
  const { next_cursor: cursor } = await queue('limit=1')
  expect((await get(`/queue?limit=1&cursor=${cursor}`)).status).toBe(200)
  expect((await get(`/queue?limit=1&source=human&cursor=${cursor}`)).status).toBe(400)
})

test('the queue is filtered by document, batch, label, source, confidence and maker', async () => {
  const { annotate, queuedIds, addPages, editor, db, tenant } = await reviewing()
  const theirs = await annotate({}, (await editor()).id)
  const mine = await annotate({ labelName: 'sum' })
  const imported = await annotate({ source: 'model', confidence: 0.4 })
  const other = await addPages(1)
  const elsewhere = await annotate({ documentId: other, source: 'model', confidence: 0.6 })
  const batchId = uuidv7()
  const of = { tenantId: tenant.id, userId: tenant.admin.id }
  const counts = { itemsTotal: 1, itemsQueued: 1 }
  await db.insert(batches).values({ ...of, ...counts, id: batchId, operation: 'extract' as const })
  await db
    .insert(batchItems)
    .values({ tenantId: tenant.id, batchId, position: 0, documentId: other })
  expect(await queuedIds(`document_id=${other}`)).toEqual([elsewhere])
  expect(await queuedIds(`batch_id=${batchId}`)).toEqual([elsewhere])
  expect(await queuedIds('label_name=sum')).toEqual([mine])
  expect(await queuedIds('source=model')).toEqual([imported, elsewhere])
  expect(await queuedIds('max_confidence=0.5')).toEqual([imported])
  expect(await queuedIds('not_by=me')).toEqual([imported, elsewhere, theirs])
})

test("another tenant's annotations are in no queue", async () => {
  const { annotate, otherTenant } = await reviewing()
  await annotate()
  const { items } = await bodyOf<Page<Item>>(await otherTenant.get('/queue'))
  expect(items).toEqual([])
  expect(await bodyOf(await otherTenant.post('/next', {}))).toEqual({ item: null })
})

test('a summary counts verdicts by document and label, with the mean confidence', async () => {
  const { annotate, judge, change, clock, get, documentId, addPages } = await reviewing()
  await annotate({ confidence: 0.5 })
  await judge(await annotate({ confidence: 1 }), 'valid')
  await judge(await annotate({ labelName: 'sum' }), 'invalid')
  await judge(await annotate({ labelName: 'sum' }), 'corrected')
  await change(await annotate(), { deletedAt: clock.now() })
  const other = await addPages(1)
  await annotate({ documentId: other })
  const none = { pending: 0, valid: 0, invalid: 0, corrected: 0, mean_confidence: null }
  const reply = await bodyOf<Page<object>>(await get(`/summary?document_id=${documentId}`))
  expect(reply).toEqual({
    items: [
      {
        ...{ document_id: documentId, filename: 'a.pdf', annotations: 4, mean_confidence: 0.75 },
        ...{ pending: 1, valid: 1, invalid: 1, corrected: 1 },
        labels: [
          { ...none, label_name: 'sum', annotations: 2, invalid: 1, corrected: 1 },
          {
            ...{ label_name: 'total', annotations: 2, mean_confidence: 0.75 },
            ...{ ...none, pending: 1, valid: 1, mean_confidence: 0.75 },
          },
        ],
      },
    ],
    next_cursor: null,
  })
})

test('summaries come page by page, without documents that have no annotations or lie in the trash', async () => {
  const { annotate, addPages, get, documentId, db, tenant, clock } = await reviewing()
  await annotate()
  const [empty, trashed, last] = [await addPages(1), await addPages(1), await addPages(1)]
  await annotate({ documentId: trashed })
  await annotate({ documentId: last })
  await db
    .update(documents)
    .set({ trashedAt: clock.now() })
    .where(and(eq(documents.tenantId, tenant.id), eq(documents.id, trashed)))
  const read = async (query: string) => {
    const reply = await get(`/summary?limit=1${query}`)
    return bodyOf<Page<{ document_id: string }>>(reply)
  }
  const first = await read('')
  const second = await read(`&cursor=${first.next_cursor}`)
  const ids = [...first.items, ...second.items].map((item) => item.document_id)
  expect(ids).toEqual([documentId, last])
  expect(ids).not.toContain(empty)
  expect(second.next_cursor).toBeNull()
})
