import { uuidv7 } from 'uuidv7'
import { expect, test } from 'vitest'
import { batchStartJobKind } from '../../domain/batches/kinds.ts'
import { blobDeletionJobKind } from '../../domain/documents/processing.ts'
import { appendRunEvent } from '../../domain/jobs/events.ts'
import { enqueueJob } from '../../domain/jobs/queue.ts'
import { addDocument, failDocument } from '../../test/harness/documents.ts'
import { bodyOf } from '../../test/harness/requests.ts'
import { setup } from '../../test/harness/setup.ts'
import { createApp } from './index.ts'

type Job = { id: string; status: string; kind: string; version: number }
type Jobs = { items: Job[]; next_cursor: string | null }

async function withJobs() {
  const bundle = await setup(createApp)
  const { db, tenant } = bundle
  const tenantId = tenant.id
  const enqueue = async (more: { kind?: string; userId?: string; subjectId?: string } = {}) => {
    const id = uuidv7()
    await db.transaction((tx) =>
      enqueueJob(tx, { tenantId, id, kind: 'documents.extract', userId: tenant.admin.id, ...more }),
    )
    return id
  }
  const complete = () => addDocument(db, { tenantId, userId: tenant.admin.id, pages: ['a'] })
  const fail = (id: string) =>
    failDocument(db, {
      tenantId,
      document: { id, job_id: id, status: 'pending', version: 1 },
      code: 'damaged',
    })
  return { ...bundle, enqueue, complete, fail }
}

test('open and finished jobs are one list, newest first, page by page', async () => {
  const { get, enqueue, complete } = await withJobs()
  const first = await enqueue()
  const { job_id: second } = await complete()
  const third = await enqueue()
  const page = await bodyOf<Jobs>(await get('/v1/jobs?limit=2'))
  expect(page.items.map((job) => [job.id, job.status])).toEqual([
    [third, 'queued'],
    [second, 'completed'],
  ])
  const next = await bodyOf<Jobs>(await get(`/v1/jobs?limit=2&cursor=${page.next_cursor}`))
  expect(next).toMatchObject({ items: [{ id: first }], next_cursor: null })
})

test('the list is filtered by status, kind and subject', async () => {
  const { get, enqueue, complete } = await withJobs()
  const other = await enqueue({ kind: 'other' })
  const done = await complete()
  const ids = async (query: string) =>
    (await bodyOf<Jobs>(await get(`/v1/jobs?${query}`))).items.map((job) => job.id)
  expect(await ids('status=completed')).toEqual([done.job_id])
  expect(await ids('status=queued')).toEqual([other])
  expect(await ids('kind=other')).toEqual([other])
  expect(await ids(`subject_id=${done.id}`)).toEqual([done.job_id])
})

test('a cursor of one list is refused by another', async () => {
  const { get, enqueue } = await withJobs()
  await enqueue()
  await enqueue()
  const { next_cursor } = await bodyOf<Jobs>(await get('/v1/jobs?limit=1'))
  const response = await get(`/v1/jobs?limit=1&status=queued&cursor=${next_cursor}`)
  expect(response.status).toBe(400)
  expect(await bodyOf(response)).toMatchObject({ code: 'invalid_cursor' })
})

test('a job keeps its id through its end, shows its errors and gets a new version', async () => {
  const { get, enqueue, fail } = await withJobs()
  const id = await enqueue()
  const before = await get(`/v1/jobs/${id}`)
  expect(await bodyOf(before)).toMatchObject({ status: 'queued', errors: [], finished_at: null })
  const etag = before.headers.get('etag') ?? ''
  expect((await get(`/v1/jobs/${id}`, { headers: { 'if-none-match': etag } })).status).toBe(304)
  await fail(id)
  const after = await get(`/v1/jobs/${id}`, { headers: { 'if-none-match': etag } })
  expect(after.status).toBe(200)
  expect(await bodyOf(after)).toMatchObject({
    status: 'failed',
    finished_at: expect.stringMatching(/Z$/),
    errors: [{ code: 'damaged', message: 'It could not be read.', attempt: 1 }],
  })
})

test("another tenant's job answers like one that never was", async () => {
  const { otherTenant, enqueue } = await withJobs()
  const { id: job } = { id: await enqueue() }
  const shown = async (id: string, path: string, method: 'get' | 'post') => {
    const response = await otherTenant[method](`/v1/jobs/${id}${path}`)
    const body = await bodyOf<Record<string, unknown>>(response)
    return [response.status, { ...body, instance: null }]
  }
  for (const [path, method] of [
    ['', 'get'],
    ['/history', 'get'],
    ['/events', 'get'],
    ['/cancel', 'post'],
  ] as const) {
    const theirs = await shown(job, path, method)
    expect(theirs).toEqual(await shown(uuidv7(), path, method))
    expect(theirs[0]).toBe(404)
  }
  expect(await bodyOf(await otherTenant.get('/v1/jobs'))).toMatchObject({ items: [] })
})

test('a queued job is cancelled at once, and only once when two ask', async () => {
  const { get, post, enqueue } = await withJobs()
  const id = await enqueue()
  const replies = await Promise.all([1, 2].map(() => post(`/v1/jobs/${id}/cancel`)))
  expect(replies.map((response) => response.status).sort()).toEqual([202, 409])
  expect(await bodyOf(await get(`/v1/jobs/${id}`))).toMatchObject({ status: 'cancelled' })
})

test('a cancel that expects an older version changes nothing', async () => {
  const { get, post, enqueue } = await withJobs()
  const id = await enqueue()
  const headers = { 'if-match': '"v99"' }
  expect((await post(`/v1/jobs/${id}/cancel`, undefined, { headers })).status).toBe(412)
  expect(await bodyOf(await get(`/v1/jobs/${id}`))).toMatchObject({ status: 'queued' })
})

test.each([
  ['the removal of stored bytes', 'nothing else would remove them', blobDeletionJobKind],
  ['the start of a batch', 'it would never end', batchStartJobKind],
])('%s cannot be cancelled, because %s', async (_, __, kind) => {
  const { post, enqueue } = await withJobs()
  const id = await enqueue({ kind })
  expect((await post(`/v1/jobs/${id}/cancel`)).status).toBe(409)
})

test('a viewer reads jobs and may not cancel, an ingest key reads those of its user alone', async () => {
  const { get, post, enqueue } = await withJobs()
  const own = await enqueue()
  const others = await enqueue({ userId: uuidv7() })
  expect((await get(`/v1/jobs/${others}`, { as: 'viewer' })).status).toBe(200)
  expect((await post(`/v1/jobs/${own}/cancel`, undefined, { as: 'viewer' })).status).toBe(403)
  expect((await get(`/v1/jobs/${own}`, { as: 'ingest' })).status).toBe(200)
  expect((await get(`/v1/jobs/${others}`, { as: 'ingest' })).status).toBe(404)
  const listed = await bodyOf<Jobs>(await get('/v1/jobs', { as: 'ingest' }))
  expect(listed.items.map((job) => job.id)).toEqual([own])
})

const eventsOf = (text: string) =>
  [...text.matchAll(/^id: (.+)\nevent: run\ndata: (.+)$/gm)].map(([, id, data]) => ({
    id,
    type: (JSON.parse(data ?? '') as { type: string }).type,
  }))

test('the events of a run are a list and a stream, which goes on after the last one seen', async () => {
  const { get, db, tenant, enqueue, fail } = await withJobs()
  const id = await enqueue()
  await appendRunEvent(db, { tenantId: tenant.id, jobId: id, type: 'log', data: { line: 1 } })
  await fail(id)
  const all = eventsOf(await (await get(`/v1/jobs/${id}/events`)).text())
  expect(all.map((event) => event.type)).toEqual(['enqueued', 'log', 'failed'])
  const listed = await bodyOf<{ items: { id: string; type: string }[] }>(
    await get(`/v1/jobs/${id}/history?limit=100`),
  )
  expect(listed.items.map(({ id, type }) => ({ id, type }))).toEqual(all)
  const headers = { 'last-event-id': all[1]?.id ?? '' }
  const rest = eventsOf(await (await get(`/v1/jobs/${id}/events`, { headers })).text())
  expect(rest).toEqual(all.slice(2))
})

test('a stream of a running job brings what happens while it is open, and ends with the run', async () => {
  const { get, enqueue, fail } = await withJobs()
  const id = await enqueue()
  const response = await get(`/v1/jobs/${id}/events`)
  expect(response.headers.get('content-type')).toBe('text/event-stream')
  const text = response.text()
  await fail(id)
  expect(eventsOf(await text).at(-1)?.type).toBe('failed')
})

test('ids, cursors and event ids that are none are refused in their own way', async () => {
  const { get, enqueue } = await withJobs()
  const id = await enqueue()
  expect((await get('/v1/jobs/not-an-id')).status).toBe(404)
  expect((await get('/v1/jobs?cursor=x')).status).toBe(400)
  expect((await get('/v1/jobs?status=lost')).status).toBe(422)
  const headers = { 'last-event-id': 'x' }
  expect((await get(`/v1/jobs/${id}/events`, { headers })).status).toBe(422)
})
