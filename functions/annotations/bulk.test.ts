import { eq } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import { expect, test } from 'vitest'
import { annotations, annotationVersions } from '../../db/schema/index.ts'
import { addDocument } from '../../test/harness/documents.ts'
import { bodyOf } from '../../test/harness/requests.ts'
import { setup } from '../../test/harness/setup.ts'
import { createApp } from './index.ts'

type Fault = { pointer: string; code: string; detail: string; hint?: string }
type Verdict = { line: number; status: string; id?: string; code?: string; errors?: Fault[] }
type Annotation = { id: string; version: number; value: string | null; label_name: string }

const headers = { 'content-type': 'application/x-ndjson' }
const box = [0.1, 0.2, 0.3, 0.05]

async function world() {
  const bench = await setup(createApp)
  const { db, tenant, post, get } = bench
  const owner = { tenantId: tenant.id, userId: tenant.admin.id }
  const { id: documentId } = await addDocument(db, { ...owner, pages: ['One.', 'Two.'] })
  const line = (fields: object = {}) => ({
    ...{ document_id: documentId, page: 1, box, label_name: 'total' },
    ...fields,
  })
  const send = async (lines: readonly unknown[], query = '') => {
    const text = lines.map((one) => (typeof one === 'string' ? one : JSON.stringify(one)))
    const reply = await post(`/bulk${query}`, text.join('\n'), { headers })
    expect(reply.status).toBe(200)
    expect(reply.headers.get('content-type')).toBe('application/x-ndjson')
    return verdictsOf(reply)
  }
  const list = async () =>
    (await bodyOf<{ items: Annotation[] }>(await get(`/?document_id=${documentId}&limit=100`)))
      .items
  const count = () => db.$count(annotations, eq(annotations.tenantId, tenant.id))
  return { ...bench, documentId, line, send, list, count }
}

async function verdictsOf(reply: Response): Promise<Verdict[]> {
  const lines = (await reply.text()).split('\n').filter((line) => line !== '')
  return lines.map((line) => JSON.parse(line))
}

test('a line makes what creating one annotation makes, its first version too', async () => {
  const { send, line, get, post, list } = await world()
  const given = { value: 'ünï "q"', attributes: { a: [1, { b: null }] }, confidence: 0.25 }
  const other = { rotation: -12.5, label_type: 'date', source: 'model', page: 2 }
  const [verdict] = await send([line({ ...given, ...other })])
  const single = await bodyOf<Annotation>(await post('/', line({ ...given, ...other })))
  const [made] = await list()
  expect(verdict).toEqual({ line: 1, status: 'created', id: made?.id })
  const times = { created_at: expect.any(String), updated_at: expect.any(String) }
  expect(made).toEqual({ ...single, id: made?.id, ...times })
  const versions = async (id = '') => {
    const { items } = await bodyOf<{ items: object[] }>(await get(`/${id}/versions`))
    return items.map((item) => ({ ...item, at: null }))
  }
  expect(await versions(made?.id)).toEqual(await versions(single.id))
})

test('every line has its verdict, in order, and good lines are made beside bad ones', async () => {
  const { send, line, list } = await world()
  const verdicts = await send([
    line({ value: 'a' }),
    '{"broken":',
    '',
    line({ box: [0.9, 0, 0.2, 0.1] }),
    line({ page: 3 }),
    line({ document_id: uuidv7() }),
    line({ lable_name: 'total' }),
    line({ attributes: { text: 'nul \u0000' } }),
    '[]',
    line({ value: 'b' }),
  ])
  expect(verdicts.map(({ line, status }) => [line, status])).toEqual([
    [1, 'created'],
    ...[2, 4, 5, 6, 7, 8, 9].map((number) => [number, 'refused']),
    [10, 'created'],
  ])
  const faults = verdicts.flatMap(({ code, errors = [] }) =>
    errors.map((fault) => [code, fault.pointer, fault.code]),
  )
  expect(faults).toEqual([
    ['malformed', '', 'malformed'],
    ['invalid', '/box', 'custom'],
    ['invalid', '/page', 'not_found'],
    ['invalid', '/document_id', 'not_found'],
    ['invalid', '/lable_name', 'unknown_name'],
    ['invalid', '/attributes/text', 'nul'],
    ['invalid', '/', 'invalid_type'],
  ])
  expect(verdicts[5]?.errors?.[0]?.hint).toBe('Did you mean "label_name"?')
  expect((await list()).map(({ value }) => value)).toEqual(['a', 'b'])
})

test('ids that are given here follow the order of the lines', async () => {
  const { send, line, list } = await world()
  const verdicts = await send(Array.from({ length: 100 }, (_, n) => line({ value: `${n}` })))
  const ids = verdicts.map(({ id }) => id)
  expect(ids).toEqual(ids.toSorted())
  expect((await list()).map(({ id }) => id)).toEqual(ids)
})

test('a line whose id is there already makes nothing, also twice in one request', async () => {
  const { send, line, list, count } = await world()
  const [first, second] = [uuidv7(), uuidv7()]
  const lines = [line({ id: first, value: 'a' }), line({ id: second.toUpperCase() })]
  const again = [...lines, line({ id: first, value: 'b' })]
  const statuses = async () => (await send(again)).map(({ status, id }) => [status, id])
  expect(await statuses()).toEqual([
    ['created', first],
    ['created', second],
    ['exists', first],
  ])
  expect(await statuses()).toEqual([
    ['exists', first],
    ['exists', second],
    ['exists', first],
  ])
  expect(await count()).toBe(2)
  expect((await list())[0]).toMatchObject({ value: 'a', version: 1 })
  const [moved] = await send([line({ id: first, page: 2 })])
  expect(moved).toMatchObject({ status: 'refused', code: 'duplicate' })
})

test("an id of another tenant's annotation is free here", async () => {
  const { send, line, otherTenant, db, count } = await world()
  const theirs = { tenantId: otherTenant.id, userId: otherTenant.admin.id }
  const { id } = await addDocument(db, { ...theirs, pages: ['One.'] })
  const annotationId = uuidv7()
  const text = JSON.stringify(line({ id: annotationId, document_id: id }))
  const reply = await otherTenant.post('/bulk', text, { headers })
  expect(await verdictsOf(reply)).toMatchObject([{ status: 'created', id: annotationId }])
  expect(await send([line({ id: annotationId })])).toMatchObject([{ status: 'created' }])
  expect(await send([line({ document_id: id })])).toMatchObject([{ status: 'refused' }])
  expect(await count()).toBe(1)
})

test('of two requests with the same ids at once each line is made once', async () => {
  const { send, line, count } = await world()
  const lines = Array.from({ length: 500 }, () => line({ id: uuidv7() }))
  const replies = await Promise.all([send(lines), send(lines.toReversed()), send(lines)])
  const made = replies.flat().filter(({ status }) => status === 'created')
  expect(made).toHaveLength(500)
  expect(replies.flat().filter(({ status }) => status === 'exists')).toHaveLength(1_000)
  expect(await count()).toBe(500)
})

test('an atomic request makes all lines or none, and says which one was at fault', async () => {
  const { send, line, count, db, tenant } = await world()
  const good = Array.from({ length: 20 }, () => line())
  const refused = await send([...good, line({ box: [1, 1, 1, 1] }), ...good], '?atomic=true')
  const statuses = [...good.map(() => 'not_created'), 'refused', ...good.map(() => 'not_created')]
  expect(refused.map(({ status }) => status)).toEqual(statuses)
  expect(refused.every(({ id }) => id === undefined)).toBe(true)
  expect(await count()).toBe(0)
  const made = await send(good, '?atomic=true')
  expect(made.map(({ status }) => status)).toEqual(good.map(() => 'created'))
  expect(await count()).toBe(20)
  expect(await db.$count(annotationVersions, eq(annotationVersions.tenantId, tenant.id))).toBe(20)
})

test('an atomic request of many blocks is taken back whole when its last line is at fault', async () => {
  const { send, line, count } = await world()
  const value = 'x'.repeat(9_000)
  const good = Array.from({ length: 400 }, () => line({ value }))
  const verdicts = await send([...good, '{'], '?atomic=true')
  expect(verdicts.map(({ status }) => status)).toEqual([
    ...good.map(() => 'not_created'),
    'refused',
  ])
  expect(await count()).toBe(0)
  expect((await send(good, '?atomic=true')).at(-1)).toMatchObject({ status: 'created', line: 400 })
  expect(await count()).toBe(400)
})

test('a dry run says what would become of the lines, and writes nothing', async () => {
  const { send, line, count } = await world()
  const id = uuidv7()
  await send([line({ id })])
  const lines = [line({ id }), line(), line({ page: 9 })]
  for (const query of ['?dry_run=true', '?dry_run=true&atomic=true'])
    expect((await send(lines, query)).map(({ status }) => status)).toEqual([
      ...['exists', 'valid', 'refused'],
    ])
  expect(await count()).toBe(1)
})

test('what is made in bulk can be changed and undone like any other', async () => {
  const { send, line, post, patch } = await world()
  const [made] = await send([line({ value: 'first' })])
  await patch(`/${made?.id}`, { value: 'second' }, { headers: { 'if-match': '"v1"' } })
  const undone = await bodyOf<Annotation>(await post(`/${made?.id}/undo`))
  expect(undone).toMatchObject({ value: 'first', version: 3 })
})

test.each([
  ['another type', { 'content-type': 'application/json' }, 415],
  ['an Idempotency-Key', { ...headers, 'idempotency-key': 'a' }, 422],
  ['compression', { ...headers, 'content-encoding': 'gzip' }, 415],
])('a request with %s is refused before a line is read', async (_, faulty, status) => {
  const { post, line, count } = await world()
  const reply = await post('/bulk', JSON.stringify(line()), { headers: faulty })
  expect(reply.status).toBe(status)
  expect(reply.headers.get('content-type')).toBe('application/problem+json')
  expect(await count()).toBe(0)
})

test('a body beyond the limit is refused', async () => {
  const { tenant, db } = await world()
  const { post } = await setup(createApp, { config: { uploadBytesMax: 1_000 } })
  const reply = await post('/bulk', '\n'.repeat(10_001), { headers })
  expect(reply.status).toBe(413)
  expect(await db.$count(annotations, eq(annotations.tenantId, tenant.id))).toBe(0)
})

test('viewers make nothing, and an empty body has no verdicts', async () => {
  const { post, line, send } = await world()
  const reply = await post('/bulk', JSON.stringify(line()), { headers, as: 'viewer' })
  expect(reply.status).toBe(403)
  expect(await send([])).toEqual([])
  expect(await send(['', ' ', '\r'])).toEqual([])
})
