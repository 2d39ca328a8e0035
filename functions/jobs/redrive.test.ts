import { and, eq, sql } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import { expect, test } from 'vitest'
import { jobHistory } from '../../db/schema/index.ts'
import { type Job, kind, setupJobs, shown } from '../../test/harness/jobs-over-http.ts'
import { bodyOf } from '../../test/harness/requests.ts'

const fault = { code: 'printer_jam', message: 'The paper is stuck.' }

async function withDead() {
  const bench = await setupJobs()
  const die = async (more: object = {}) => {
    await bench.enqueue({ attempts_max: 1, ...more })
    const job = await bench.leaseOne({ kinds: [kind, 'reports.other'] })
    await bench.say(job, 'fail', fault)
    return job
  }
  return { ...bench, die }
}

test('a dead job is queued again with its errors, and its attempts count on', async () => {
  const { post, die, leaseOne } = await withDead()
  const { id } = await die()
  const [status, job] = await shown<Job>(await post(`/v1/jobs/${id}/redrive`, { attempts: 2 }))
  expect(status).toBe(202)
  expect(job).toMatchObject({ id, status: 'queued', attempts_max: 3, errors: [fault] })
  expect(await leaseOne()).toMatchObject({ id, attempt: 2 })
})

test('of two who redrive one job at once, one does', async () => {
  const { post, die, lease } = await withDead()
  const { id } = await die()
  const replies = await Promise.all([1, 2].map(() => post(`/v1/jobs/${id}/redrive`, {})))
  expect(replies.map(({ status }) => status).sort()).toEqual([202, 409])
  expect(await lease({ limit: 10 })).toHaveLength(1)
})

test('a job that waits, runs or has completed is not redriven, nor one that is not there', async () => {
  const { post, enqueue, leaseOne, say, otherTenant, die } = await withDead()
  const { id } = await enqueue()
  const redrive = async () => (await post(`/v1/jobs/${id}/redrive`, {})).status
  expect(await redrive()).toBe(409)
  const job = await leaseOne()
  expect(await redrive()).toBe(409)
  await say(job, 'complete')
  expect(await redrive()).toBe(409)
  expect((await post(`/v1/jobs/${uuidv7()}/redrive`, {})).status).toBe(404)
  const dead = await die()
  expect((await otherTenant.post(`/v1/jobs/${dead.id}/redrive`, {})).status).toBe(404)
  const headers = { 'if-match': '"v99"' }
  expect((await post(`/v1/jobs/${dead.id}/redrive`, {}, { headers })).status).toBe(412)
})

test('a job goes on from the step that is named, and an unknown one is a fault', async () => {
  const { db, tenant, post, die, leaseOne } = await withDead()
  const { id } = await die()
  const at = new Date().toISOString()
  const steps = ['load', 'store'].map((name) => ({
    ...{ name, attempt: 1, started_at: at, finished_at: at, output: { name } },
  }))
  await db
    .update(jobHistory)
    .set({ steps: sql`${JSON.stringify(steps)}::jsonb` })
    .where(and(eq(jobHistory.tenantId, tenant.id), eq(jobHistory.id, id)))
  const unknown = await shown(await post(`/v1/jobs/${id}/redrive`, { from_step: 'sort' }))
  expect(unknown).toMatchObject([422, { errors: [{ pointer: '/from_step' }] }])
  expect((await post(`/v1/jobs/${id}/redrive`, { from_step: 'store' })).status).toBe(202)
  expect(await leaseOne()).toMatchObject({ id, steps: [steps[0]] })
})

test('many are redriven by state and kind, the oldest first, as many as are asked for', async () => {
  const { post, die, read } = await withDead()
  const dead = [await die(), await die(), await die()]
  const other = await die({ kind: 'reports.other' })
  const many = (more: object) => post('/v1/jobs/redrive', { status: 'dead', kind, ...more })
  expect(await shown(await many({ limit: 2 }))).toEqual([202, { count: 2 }])
  const statuses = await Promise.all(
    [...dead, other].map(async ({ id }) => (await read(id)).status),
  )
  expect(statuses).toEqual(['queued', 'queued', 'dead', 'dead'])
  expect(await shown(await many({ status: 'failed' }))).toEqual([202, { count: 0 }])
})

test('jobs are counted by kind and state', async () => {
  const { get, die, enqueue, leaseOne, otherTenant, post } = await withDead()
  await die()
  await otherTenant.post('/v1/jobs', { kind })
  await enqueue({ kind: 'reports.other' })
  await leaseOne({ kinds: ['reports.other'] })
  await enqueue({ delay_ms: 60_000 })
  await post(`/v1/jobs/${(await enqueue()).id}/cancel`)
  await enqueue()
  const none = { queued: 0, waiting: 0, running: 0, failed: 0, dead: 0, cancelled: 0 }
  expect(await bodyOf(await get('/v1/jobs/counts'))).toEqual({
    items: [
      { kind: 'reports.other', ...none, running: 1 },
      { kind, ...none, queued: 1, waiting: 1, dead: 1, cancelled: 1 },
    ],
    exact: true,
  })
})

test('who may only read redrives nothing, and needs a body that says what', async () => {
  const { post } = await setupJobs()
  const of = `/v1/jobs/${uuidv7()}/redrive`
  for (const path of [of, '/v1/jobs/redrive'])
    expect((await post(path, { status: 'dead' }, { as: 'viewer' })).status).toBe(403)
  expect((await post('/v1/jobs/redrive', {})).status).toBe(422)
  expect((await post('/v1/jobs/redrive', { status: 'completed' })).status).toBe(422)
  expect((await post(of)).status).toBe(415)
})
