import { and, eq, sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { annotations, suggestions } from '../../db/schema/index.ts'
import { createAnnotation } from '../../domain/annotations/creation.ts'
import { type Proposed, type Suggestion, suggesting } from '../../test/fixtures/suggesting.ts'
import { addDocument } from '../../test/harness/documents.ts'
import { bodyOf } from '../../test/harness/requests.ts'

type Verdicts = { items: { verdict: string; suggestion_id: string | null }[] }
type Problem = { errors?: { pointer: string; detail: string }[] }

const shifted = [0.1005, 0.2, 0.3, 0.05]

test('a region is suggested, read with its ETag, and listed', async () => {
  const { post, get, list, region } = await suggesting()
  const more = { value: 'ünï', attributes: { a: [1], b: null }, confidence: 0.9, rotation: 3 }
  const reply = await post('/', { ...region, ...more })
  expect(reply.status).toBe(201)
  const { verdict, suggestion } = await bodyOf<Proposed>(reply)
  expect(verdict).toBe('created')
  expect(suggestion).toMatchObject({ ...region, ...more, state: 'open', source: 'model' })
  expect(reply.headers.get('location')).toBe(`/v1/suggestions/${suggestion?.id}`)
  const read = await get(`/${suggestion?.id}`)
  expect(read.headers.get('etag')).toBe('"v1"')
  expect(await bodyOf(read)).toEqual(suggestion)
  expect(await list()).toEqual([suggestion])
})

test('the same region a pixel off is there already; another label, page, place or turn is not', async () => {
  const { propose, suggest } = await suggesting()
  const first = await suggest()
  const again = await propose({ box: shifted, value: 'other' })
  expect(again).toMatchObject({ verdict: 'exists', suggestion: first, annotation_id: null })
  expect(await propose({ rotation: 180 })).toMatchObject({ verdict: 'exists' })
  for (const other of [{ label_name: 'sum' }, { page: 2 }, { box: [0.5, 0.2, 0.3, 0.05] }])
    expect(await propose(other)).toMatchObject({ verdict: 'created' })
  expect(await propose({ rotation: 90 })).toMatchObject({ verdict: 'created' })
})

test('of many who suggest the same at once, each a little off, one makes it', async () => {
  const { propose, list } = await suggesting()
  const verdicts = await Promise.all(
    Array.from({ length: 16 }, (_, number) =>
      propose({ box: [0.1 + number / 1e4, 0.2, 0.3, 0.05] }).then(({ verdict }) => verdict),
    ),
  )
  expect(verdicts.filter((verdict) => verdict === 'created')).toHaveLength(1)
  expect(verdicts.filter((verdict) => verdict === 'exists')).toHaveLength(15)
  expect(await list()).toHaveLength(1)
})

test('many are suggested in one request, with a verdict for each in order', async () => {
  const { post, suggest, region, list } = await suggesting()
  const { id } = await suggest()
  const regions = [{ page: 2 }, { box: shifted }, { page: 2, box: shifted }, { label_name: 'sum' }]
  const reply = await post('/bulk', { suggestions: regions.map((one) => ({ ...region, ...one })) })
  expect(reply.status).toBe(200)
  const { items } = await bodyOf<Verdicts>(reply)
  expect(items.map(({ verdict }) => verdict)).toEqual(['created', 'exists', 'exists', 'created'])
  expect(items[1]?.suggestion_id).toBe(id)
  expect(items[2]?.suggestion_id).toBe(items[0]?.suggestion_id)
  expect((await list()).map((one) => one.id)).toEqual([
    ...[id, items[3]?.suggestion_id, items[0]?.suggestion_id],
  ])
})

test('two lists of suggestions for the same documents in other orders do not wait for each other for ever', async () => {
  const { post, region, owner, db } = await suggesting()
  const ids = [region.document_id]
  for (const page of ['A', 'B']) ids.push((await addDocument(db, { ...owner, pages: [page] })).id)
  const of = (order: string[]) => order.map((id) => ({ ...region, document_id: id }))
  const send = (order: string[]) => post('/bulk', { suggestions: of(order) })
  const orders = [ids, ids.toReversed(), ids, ids.toReversed()]
  const replies = await Promise.all(orders.map(send))
  expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 200])
  expect(await db.$count(suggestions, eq(suggestions.tenantId, owner.tenantId))).toBe(3)
})

test('a fault in one of many is a 422 that names its place, and none is suggested', async () => {
  const { post, region, list } = await suggesting()
  const faulty = [{ page: 3 }, {}, { document_id: crypto.randomUUID() }]
  const body = { suggestions: faulty.map((one) => ({ ...region, ...one })) }
  const reply = await post('/bulk', body)
  expect(reply.status).toBe(422)
  const { errors } = await bodyOf<Problem>(reply)
  expect(errors?.map(({ pointer }) => pointer)).toEqual([
    '/suggestions/0/page',
    '/suggestions/2/document_id',
  ])
  expect(await list()).toEqual([])
})

test.each([
  ['off the page', { box: [0.9, 0, 0.2, 0.1] }, '/box'],
  ['on a page that the document has not', { page: 3 }, '/page'],
  ['on no document', { document_id: crypto.randomUUID() }, '/document_id'],
  ['without a label', { label_name: ' ' }, '/label_name'],
  ['surer than sure', { confidence: 1.1 }, '/confidence'],
  ['of a template', { source: 'template' }, '/source'],
])('a suggestion %s is a 422 that names the field', async (_, fault, pointer) => {
  const { post, region } = await suggesting()
  const reply = await post('/', { ...region, ...fault })
  expect(reply.status).toBe(422)
  const { errors } = await bodyOf<Problem>(reply)
  expect(errors?.map((error) => error.pointer)).toEqual([pointer])
})

test('where the label is annotated already nothing is suggested, and what was is hidden meanwhile', async () => {
  const { db, owner, documentId, propose, suggest, list } = await suggesting()
  const open = await suggest({ page: 2 })
  const annotate = (page: number) => {
    const by = { createdByUserId: owner.userId, updatedByUserId: owner.userId }
    const place = { x: 0.1005, y: 0.2, width: 0.3, height: 0.05 }
    return db.transaction((tx) =>
      createAnnotation(tx, { ...owner, ...by, ...place, documentId, page, labelName: 'total' }),
    )
  }
  const { id } = await annotate(1)
  const verdict = await propose()
  expect(verdict).toEqual({ verdict: 'annotated', suggestion: null, annotation_id: id })
  expect(await propose({ label_name: 'sum' })).toMatchObject({ verdict: 'created' })
  const later = await annotate(2)
  const ids = async () => (await list()).map((one) => one.label_name)
  expect(await ids()).toEqual(['sum'])
  await db
    .update(annotations)
    .set({ deletedAt: new Date() })
    .where(and(eq(annotations.tenantId, owner.tenantId), eq(annotations.id, later.id)))
  expect((await list('&page=2')).map((one) => one.id)).toEqual([open.id])
})

test('behind many whose places are annotated the next ones are listed all the same', async () => {
  const { db, owner, post, get, region, list, documentId } = await suggesting()
  const at = (index: number, fields = {}) => ({
    ...region,
    box: [0.1, index / 1_000, 0.3, 0.0005],
    ...fields,
  })
  const many = Array.from({ length: 900 }, (_, index) => at(index))
  await post('/bulk', { suggestions: many })
  await db.execute(sql`
    insert into annotations (tenant_id, id, document_id, page, x, y, width, height, label_name,
      created_by_user_id, updated_by_user_id)
    select tenant_id, gen_random_uuid(), document_id, page, x, y, width, height, label_name,
      created_by_user_id, created_by_user_id
    from suggestions where tenant_id = ${owner.tenantId}`)
  const last = [at(0, { page: 2 }), at(10, { page: 2 }), at(20, { page: 2 })]
  await post('/bulk', { suggestions: last })
  expect((await list()).map(({ box: [, y] }) => y)).toEqual([0, 0.01, 0.02])
  const first = await bodyOf<{ next_cursor: string }>(
    await get(`/?document_id=${documentId}&limit=2`),
  )
  expect((await list(`&limit=2&cursor=${first.next_cursor}`)).map(({ box: [, y] }) => y)).toEqual([
    0.02,
  ])
})

test('lists are of a state, page, label and confidence, and read page by page', async () => {
  const { get, post, suggest, list, documentId } = await suggesting()
  const sure = await suggest({ page: 2, confidence: 0.9 })
  const unsure = await suggest({ confidence: 0.2 })
  const silent = await suggest({ label_name: 'sum' })
  const gone = await suggest({ label_name: 'gone' })
  await post(`/${gone.id}/dismiss`)
  const ids = async (query: string) => (await list(query)).map(({ id }) => id)
  expect(await ids('')).toEqual([unsure.id, silent.id, sure.id])
  expect(await ids('&page=2')).toEqual([sure.id])
  expect(await ids('&min_confidence=0.5')).toEqual([sure.id])
  expect(await ids('&label_name=sum')).toEqual([silent.id])
  expect(await ids('&state=dismissed')).toEqual([gone.id])
  const read: string[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const query = `?document_id=${documentId}&limit=1${cursor && `&cursor=${cursor}`}`
    const found: { items: Suggestion[]; next_cursor: string | null } = await bodyOf(
      await get(`/${query}`),
    )
    read.push(...found.items.map(({ id }) => id))
    cursor = found.next_cursor
  }
  expect(read).toEqual([unsure.id, silent.id, sure.id])
})

test('viewers read and do not write; nobody else gets in', async () => {
  const { suggest, get, post, region, otherTenant } = await suggesting()
  const { id } = await suggest()
  expect((await get(`/${id}`, { as: 'viewer' })).status).toBe(200)
  for (const path of ['/', `/${id}/accept`, `/${id}/dismiss`])
    expect((await post(path, path === '/' ? region : undefined, { as: 'viewer' })).status).toBe(403)
  expect((await get(`/${id}`, { as: 'nobody' })).status).toBe(401)
  expect((await otherTenant.get(`/${id}`)).status).toBe(404)
  expect((await otherTenant.post(`/${id}/accept`)).status).toBe(404)
  expect((await otherTenant.post('/', region)).status).toBe(422)
})
