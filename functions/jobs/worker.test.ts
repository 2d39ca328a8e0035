import { and, eq, sql } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import { expect, test } from 'vitest'
import type { Db } from '../../db/client.ts'
import { jobs } from '../../db/schema/index.ts'
import { recoverExpiredLeases } from '../../db/system.ts'
import {
  type Job,
  kind,
  type Leased,
  type Problem,
  setupJobs,
  shown,
} from '../../test/harness/jobs-over-http.ts'
import { bodyOf } from '../../test/harness/requests.ts'

type Beat = { cancel_requested: boolean; lease_expires_at: string }
const fault = { code: 'printer_jam', message: 'The paper is stuck.' }
const verbs = [
  ['heartbeat', {}],
  ['complete', {}],
  ['fail', fault],
  ['release', {}],
] as const

/** Lets the lease of a job run out, as time would, and has it taken back. */
async function expire(db: Db, tenantId: string, id: string) {
  await db
    .update(jobs)
    .set({ leaseExpiresAt: sql`clock_timestamp() - interval '1 second'` })
    .where(and(eq(jobs.tenantId, tenantId), eq(jobs.id, id)))
  await recoverExpiredLeases(db, 1_000)
}

test('a job goes from enqueue through lease, heartbeat and complete to its result', async () => {
  const { get, enqueue, leaseOne, say } = await setupJobs()
  const { id } = await enqueue({ payload: { month: '2026-11' } })
  const job = await leaseOne()
  expect(job).toMatchObject({ id, attempt: 1, payload: { month: '2026-11' }, steps: [] })
  const beat = await say(job, 'heartbeat', { progress: { done: 1, total: 2 } })
  expect(await bodyOf<Beat>(beat)).toMatchObject({ cancel_requested: false })
  const done = await say(job, 'complete', { result: { pages: 3 } })
  expect(await shown(done)).toMatchObject([200, { status: 'completed', result: { pages: 3 } }])
  expect(await bodyOf(await get(`/v1/jobs/${id}`))).toMatchObject({
    ...{ status: 'completed', steps: [], depends_on: [], leased_by: 'w' },
    progress: { done: 1, total: 2 },
  })
})

test('a heartbeat prolongs the lease, by the time asked for or by as long as before', async () => {
  const { db, tenant, begin, say } = await setupJobs()
  const job = await begin()
  const lasts = async (more: object) => {
    const beat = await bodyOf<Beat>(await say(job, 'heartbeat', { ...more }))
    const [row] = await db.select().from(jobs).where(eq(jobs.tenantId, tenant.id))
    expect(row?.leaseExpiresAt?.toISOString()).toBe(beat.lease_expires_at)
    return Number(row?.leaseExpiresAt) - Number(row?.heartbeatAt)
  }
  expect(await lasts({})).toBe(60_000)
  expect(await lasts({ lease_ms: 5_000 })).toBe(5_000)
  expect(await lasts({})).toBe(5_000)
})

test('no heartbeat prolongs a lease beyond the time that an attempt may run', async () => {
  const { enqueue, leaseOne, say, get } = await setupJobs()
  const { id } = await enqueue({ run_ms_max: 5_000 })
  const job = await leaseOne({ lease_ms: 1_000 })
  const beat = await bodyOf<Beat>(await say(job, 'heartbeat', { lease_ms: 3_600_000 }))
  const { started_at: startedAt } = await bodyOf<{ started_at: string }>(
    await get(`/v1/jobs/${id}`),
  )
  expect(Date.parse(beat.lease_expires_at) - Date.parse(startedAt)).toBe(5_000)
})

test('progress never falls, and log lines become events in their order', async () => {
  const { get, begin, say, read } = await setupJobs()
  const job = await begin()
  const lines = Array.from({ length: 50 }, (_, index) => `line ${index}`)
  await say(job, 'heartbeat', { progress: { done: 7, total: 10 }, log: lines })
  const warning = { level: 'warn', message: 'half empty' }
  await say(job, 'heartbeat', { progress: { done: 3 }, log: [warning] })
  expect((await read(job.id)).progress).toEqual({ done: 7, total: 10 })
  const { items } = await bodyOf<{ items: { type: string; data: object }[] }>(
    await get(`/v1/jobs/${job.id}/history?limit=100`),
  )
  const told = items.filter(({ type }) => type === 'log').map(({ data }) => data)
  expect(told).toEqual([...lines.map((message) => ({ level: 'info', message })), warning])
})

test('an attempt that failed is tried again, with its error kept', async () => {
  const { begin, say, leaseOne } = await setupJobs()
  const job = await begin()
  const failed = await say(job, 'fail', { ...fault, retry_ms: 0 })
  expect(await shown(failed)).toMatchObject([200, { status: 'queued', errors: [fault] }])
  expect(await leaseOne()).toMatchObject({ id: job.id, attempt: 2 })
})

test('without a time of its own a retry waits a little', async () => {
  const { begin, say, lease } = await setupJobs()
  const [, job] = await shown<Job>(await say(await begin(), 'fail', fault))
  expect(job.status).toBe('waiting')
  expect(await lease()).toEqual([])
})

test('a final fault fails a job at once, and the last attempt makes it dead', async () => {
  const { begin, say } = await setupJobs()
  const failed = await say(await begin(), 'fail', { ...fault, final: true })
  expect(await shown(failed)).toMatchObject([200, { status: 'failed', errors: [fault] }])
  const dead = await say(await begin({ attempts_max: 1 }), 'fail', fault)
  expect(await shown(dead)).toMatchObject([200, { status: 'dead', errors: [fault] }])
})

test('a job that is given back is queued, and the attempt does not count', async () => {
  const { begin, say, leaseOne } = await setupJobs()
  const job = await begin()
  const back = await say(job, 'release')
  expect(await shown(back)).toMatchObject([200, { status: 'queued', attempts: 0 }])
  expect(await leaseOne()).toMatchObject({ id: job.id, attempt: 1 })
})

test('a cancel reaches the worker by its heartbeat, and ends with whatever it says then', async () => {
  const { post, begin, say } = await setupJobs()
  for (const [verb, more, ending] of [
    ['release', {}, 'cancelled'],
    ['fail', fault, 'cancelled'],
    ['complete', {}, 'completed'],
  ] as const) {
    const job = await begin()
    expect((await post(`/v1/jobs/${job.id}/cancel`)).status).toBe(202)
    expect(await bodyOf<Beat>(await say(job, 'heartbeat'))).toMatchObject({
      cancel_requested: true,
    })
    expect(await shown(await say(job, verb, more))).toMatchObject([200, { status: ending }])
  }
})

test.each(verbs)(
  '%s with a token that is no longer good is 409, changes nothing and is a warning',
  async (verb, more) => {
    const { db, tenant, begin, leaseOne, say, read, logLines } = await setupJobs()
    const stale = await begin()
    await expire(db, tenant.id, stale.id)
    const taken = await leaseOne({ worker: 'other' })
    expect(taken).toMatchObject({ id: stale.id, attempt: 2 })
    const before = await read(stale.id)
    const [status, problem] = await shown(await say(stale, verb, more))
    expect([status, problem.code]).toEqual([409, 'lease_lost'])
    expect(await read(stale.id)).toEqual(before)
    expect(logLines.at(-2)).toMatchObject({ level: 'warn', fields: { code: 'lease_lost' } })
    expect((await say(taken, 'complete')).status).toBe(200)
    expect((await say(stale, verb, more)).status).toBe(409)
  },
)

test.each(verbs)(
  '%s for a job that is not there is 404, and for one of another tenant',
  async (verb, more) => {
    const { otherTenant, begin, leaseOne, say } = await setupJobs()
    const { lease_token } = await begin()
    expect((await say({ id: uuidv7(), lease_token }, verb, more)).status).toBe(404)
    await otherTenant.post('/v1/jobs', { kind })
    const leased = await otherTenant.post('/v1/jobs/lease', { kinds: [kind], worker: 'w' })
    const { jobs: theirs } = await bodyOf<{ jobs: Leased[] }>(leased)
    if (!theirs[0]) throw new Error('nothing was leased')
    expect((await say(theirs[0], verb, more)).status).toBe(404)
    const own = await otherTenant.get(`/v1/jobs/${theirs[0].id}`)
    expect(await bodyOf(own)).toMatchObject({ status: 'running' })
    await expect(leaseOne()).rejects.toThrow('nothing')
  },
)

test('of two completes at once one wins', async () => {
  const { begin, say, read } = await setupJobs()
  const job = await begin()
  const results = [{ n: 1 }, { n: 2 }]
  const replies = await Promise.all(results.map((result) => say(job, 'complete', { result })))
  expect(replies.map(({ status }) => status).sort()).toEqual([200, 409])
  const won = replies.findIndex(({ status }) => status === 200)
  expect(await read(job.id)).toMatchObject({ status: 'completed', result: results[won] })
})

test('complete and cancel at once leave a completed job, whichever came first', async () => {
  const { post, begin, say, read } = await setupJobs()
  for (let round = 0; round < 5; round++) {
    const job = await begin()
    const [done, cancel] = await Promise.all([
      say(job, 'complete'),
      post(`/v1/jobs/${job.id}/cancel`),
    ])
    expect(done.status).toBe(200)
    expect([202, 409]).toContain(cancel.status)
    expect(await read(job.id)).toMatchObject({ status: 'completed' })
  }
})

test('a complete whose reply was lost is repeated with its Idempotency-Key', async () => {
  const { begin, say } = await setupJobs()
  const job = await begin()
  const headers = { 'idempotency-key': 'once' }
  const first = await shown<Job>(await say(job, 'complete', { headers }))
  const again = await say(job, 'complete', { headers })
  expect(again.headers.get('idempotency-replayed')).toBe('true')
  expect(await shown<Job>(again)).toEqual(first)
  expect((await say(job, 'complete')).status).toBe(409)
})

test.each([
  ['complete', { result: { text: 'a\u0000' } }, '/result/text'],
  ['complete', { result: { text: 'x'.repeat(65_536) } }, '/result'],
  ['complete', { result: [] }, '/result'],
  ['fail', { code: 'Big Words', message: 'x' }, '/code'],
  ['fail', { ...fault, retry_ms: -1 }, '/retry_ms'],
  ['heartbeat', { progress: { done: -1 } }, '/progress/done'],
  ['heartbeat', { log: [''] }, '/log/0'],
  ['heartbeat', { lease_ms: 1 }, '/lease_ms'],
])('%s with %o is refused, and the attempt goes on', async (verb, more, pointer) => {
  const { begin, say, read } = await setupJobs()
  const job = await begin()
  const [status, problem] = await shown<Problem>(await say(job, verb, more))
  expect([status, problem.errors?.[0]?.pointer]).toEqual([422, pointer])
  expect(await read(job.id)).toMatchObject({ status: 'running' })
  expect((await say(job, 'complete')).status).toBe(200)
})
