import { uuidv7 } from 'uuidv7'
import { expect, test } from 'vitest'
import {
  type Job,
  kind,
  type Problem,
  setupJobs,
  shown,
} from '../../test/harness/jobs-over-http.ts'
import { bodyOf } from '../../test/harness/requests.ts'

type Enqueued = { items: { id: string; created: boolean }[] }

test('a new job is 201 with its place, and waits for its time', async () => {
  const { post, read } = await setupJobs()
  const response = await post('/v1/jobs', {
    kind,
    delay_ms: 60_000,
    priority: 7,
    run_ms_max: 5_000,
  })
  const [status, job] = await shown<Job>(response)
  expect(status).toBe(201)
  expect(response.headers.get('location')).toBe(`/v1/jobs/${job.id}`)
  expect(await read(job.id)).toMatchObject({ status: 'waiting', priority: 7, run_ms_max: 5_000 })
  const at = '2020-01-01T00:00:00+01:00'
  const [, due] = await shown<Job>(await post('/v1/jobs', { kind, run_at: at }))
  expect(due).toMatchObject({ status: 'queued', run_at: '2019-12-31T23:00:00.000Z' })
})

test('of two at once with one dedupe key one is made, and both get that one', async () => {
  const { post, lease } = await setupJobs()
  const body = { kind, dedupe_key: 'report' }
  const replies = await Promise.all([post('/v1/jobs', body), post('/v1/jobs', body)])
  expect(replies.map(({ status }) => status).sort()).toEqual([200, 201])
  const [first, second] = await Promise.all(replies.map((reply) => bodyOf<Job>(reply)))
  expect(first?.id).toBe(second?.id)
  expect(await lease({ limit: 10 })).toHaveLength(1)
})

test('a job that waits already is kept, replaced or given another time, as the caller says', async () => {
  const { post, enqueue, leaseOne } = await setupJobs()
  const first = await enqueue({ dedupe_key: 'k', payload: { n: 1 } })
  const again = (more: object) => post('/v1/jobs', { kind, dedupe_key: 'k', ...more })
  const [kept, job] = await shown<Job>(await again({ payload: { n: 2 } }))
  expect([kept, job.id, job.version]).toEqual([200, first.id, first.version])
  const later = { delay_ms: 60_000, on_duplicate: 'reschedule' }
  expect((await shown(await again(later)))[1]).toMatchObject({ id: first.id, status: 'waiting' })
  await again({ payload: { n: 3 }, on_duplicate: 'replace' })
  expect(await leaseOne()).toMatchObject({ id: first.id, payload: { n: 3 } })
  expect((await again({})).status).toBe(201)
})

test('a job waits for others, and shows which', async () => {
  const { post, get, enqueue, lease } = await setupJobs()
  const [one, other] = [await enqueue(), await enqueue()]
  const body = { kind: 'reports.join', depends_on: [one.id, other.id] }
  const [status, joined] = await shown<Job>(await post('/v1/jobs', body))
  expect([status, joined.status]).toEqual([201, 'waiting'])
  const { depends_on: open } = await bodyOf<{ depends_on: string[] }>(
    await get(`/v1/jobs/${joined.id}`),
  )
  expect(open.sort()).toEqual([one.id, other.id].sort())
  expect(await lease({ kinds: ['reports.join'] })).toEqual([])
})

test("a job that is not there, has failed or is another tenant's cannot be waited for", async () => {
  const { post, begin, say, otherTenant } = await setupJobs()
  const failed = await begin()
  await say(failed, 'fail', { code: 'broken', message: 'It broke.', final: true })
  const foreign = await bodyOf<Job>(await otherTenant.post('/v1/jobs', { kind }))
  const ids = [failed.id, foreign.id, uuidv7()]
  const [status, problem] = await shown(await post('/v1/jobs', { kind, depends_on: ids }))
  expect(status).toBe(422)
  const pointers = problem.errors?.map(({ pointer, code }) => `${pointer} ${code}`)
  expect(pointers?.sort()).toEqual([0, 1, 2].map((n) => `/depends_on/${n} dependency_unmet`))
  const runs = { kind, depends_on: [failed.id], on_dependency_failure: 'run' }
  expect((await post('/v1/jobs', runs)).status).toBe(201)
})

test.each([
  ['a kind of a function', { kind: 'documents.extract' }, '/kind', 'reserved_kind'],
  ['the name of a function alone', { kind: 'search' }, '/kind', 'reserved_kind'],
  ['a kind that functions share', { kind: 'blobs.delete' }, '/kind', 'reserved_kind'],
  ['a kind with a space', { kind: 'a b' }, '/kind', 'invalid_format'],
  ['two times', { run_at: '2030-01-01T00:00:00Z', delay_ms: 1 }, '/delay_ms', 'custom'],
  ['a time before all', { run_at: '0000-01-01T00:00:00Z' }, '/run_at', 'custom'],
  ['a priority too large', { priority: 40_000 }, '/priority', 'too_big'],
  ['a payload too large', { payload: { text: 'x'.repeat(65_536) } }, '/payload', 'custom'],
  ['a payload with NUL', { payload: { text: 'a\u0000b' } }, '/payload/text', 'nul'],
  ['a name that is not known', { prio: 1 }, '/prio', 'unknown_name'],
])('%s is refused, with the place of the fault', async (_, more, pointer, code) => {
  const { post, get } = await setupJobs()
  const [status, problem] = await shown(await post('/v1/jobs', { kind, ...more }))
  expect(status).toBe(422)
  expect(problem.errors).toMatchObject([{ in: 'body', pointer, code }])
  expect(await bodyOf(await get('/v1/jobs'))).toMatchObject({ items: [] })
})

test('kinds that only look like a reserved one are free', async () => {
  const { post } = await setupJobs()
  for (const free of ['documentation.build', 'my.documents.extract', 'blobsy'])
    expect((await post('/v1/jobs', { kind: free })).status, free).toBe(201)
})

test('many jobs are queued in their order, and one that waits already is told apart', async () => {
  const { post, enqueue, lease } = await setupJobs()
  const waits = await enqueue({ dedupe_key: 'k', payload: { n: 0 } })
  const jobs = [1, 2].map((n) => ({ kind, payload: { n } }))
  const twice = { kind, dedupe_key: 'k' }
  const reply = await post('/v1/jobs/bulk', { jobs: [...jobs, twice] })
  expect(reply.status).toBe(201)
  const { items } = await bodyOf<Enqueued>(reply)
  expect(items.map(({ created }) => created)).toEqual([true, true, false])
  const leased = await lease({ limit: 10 })
  expect(leased.map(({ id }) => id)).toEqual([waits.id, items[0]?.id, items[1]?.id])
})

test('of many jobs with faults none is queued, and each fault names its job', async () => {
  const { post, get } = await setupJobs()
  const jobs = [{ kind }, { kind: 'documents.extract' }, { kind: 'keys' }]
  const [status, problem] = await shown<Problem>(await post('/v1/jobs/bulk', { jobs }))
  expect(status).toBe(422)
  expect(problem.errors?.map(({ pointer }) => pointer)).toEqual(['/jobs/1/kind', '/jobs/2/kind'])
  const bad = [{ kind }, { kind, priority: 1.5 }, { kind, depends_on: [] }]
  const [, other] = await shown<Problem>(await post('/v1/jobs/bulk', { jobs: bad }))
  expect(other.errors?.map(({ pointer }) => pointer)).toEqual([
    '/jobs/1/priority',
    '/jobs/2/depends_on',
  ])
  expect(await bodyOf(await get('/v1/jobs'))).toMatchObject({ items: [] })
})

test('a thousand jobs go in one request, one more does not', async () => {
  const { post, get } = await setupJobs()
  const many = (length: number) => ({ jobs: Array.from({ length }, () => ({ kind })) })
  expect((await post('/v1/jobs/bulk', many(1_001))).status).toBe(422)
  expect((await post('/v1/jobs/bulk', many(1_000))).status).toBe(201)
  expect(await bodyOf(await get('/v1/jobs/counts'))).toMatchObject({
    items: [{ kind, queued: 1_000 }],
    exact: true,
  })
})

test('a repeat with its Idempotency-Key queues nothing more', async () => {
  const { post, lease } = await setupJobs()
  const send = () => post('/v1/jobs', { kind }, { headers: { 'idempotency-key': uuid } })
  const uuid = uuidv7()
  const [first, second] = [await shown<Job>(await send()), await shown<Job>(await send())]
  expect(second).toEqual(first)
  expect(await lease({ limit: 10 })).toHaveLength(1)
})

test('who may only read, or only work, queues nothing', async () => {
  const { post } = await setupJobs()
  for (const as of ['viewer', 'worker', 'ingest'] as const) {
    expect((await post('/v1/jobs', { kind }, { as })).status).toBe(403)
    expect((await post('/v1/jobs/bulk', { jobs: [{ kind }] }, { as })).status).toBe(403)
  }
  expect((await post('/v1/jobs', '{}', { as: 'editor' })).status).toBe(415)
})

test('jobs of a batch are listed by it', async () => {
  const { get, enqueue, begin, say } = await setupJobs()
  const batch = uuidv7()
  const done = await begin({ batch_id: batch })
  await say(done, 'complete')
  const open = await enqueue({ batch_id: batch })
  await enqueue()
  const { items } = await bodyOf<{ items: Job[] }>(await get(`/v1/jobs?batch_id=${batch}`))
  expect(items.map(({ id, status }) => [id, status])).toEqual([
    [open.id, 'queued'],
    [done.id, 'completed'],
  ])
})
