import { uuidv7 } from 'uuidv7'
import { expect, test } from 'vitest'
import { enqueueJob } from '../../domain/jobs/queue.ts'
import { bodyOf } from '../../test/harness/requests.ts'
import { setup } from '../../test/harness/setup.ts'
import { createApp } from './index.ts'
import { JobWhy } from './why-contract.ts'

async function setupWhy() {
  const bundle = await setup(createApp)
  const { db, tenant, get, post } = bundle
  const kind = `test.${uuidv7()}`
  const enqueue = async (userId = tenant.admin.id) => {
    const id = uuidv7()
    await db.transaction((tx) => enqueueJob(tx, { tenantId: tenant.id, id, kind, userId }))
    return id
  }
  const why = async (id: string) =>
    JobWhy.strict().parse(await bodyOf(await get(`/v1/jobs/${id}/why`)))
  const lease = (worker: string) =>
    post('/v1/jobs/lease', { kinds: [kind], worker, lease_ms: 60_000 }, { as: 'worker' })
  return { ...bundle, kind, enqueue, why, lease }
}

test('a worker over HTTP is one who may come, and the lease it took is his', async () => {
  const { enqueue, why, lease, kind } = await setupWhy()
  expect((await lease('renderer-1')).status).toBe(200)
  const first = await enqueue()
  expect(await why(first)).toMatchObject({
    job_id: first,
    status: 'queued',
    expected_at: expect.any(String),
    causes: [{ cause: 'about_to_start' }],
  })
  await lease('renderer-1')
  expect((await why(first)).causes).toMatchObject([
    { cause: 'running', data: { worker: 'renderer-1', attempt: 1 } },
  ])
  const second = await enqueue()
  const waiting = await why(second)
  expect(waiting.causes).toMatchObject([{ cause: 'position', data: { ahead: 0, places: 1 } }])
  expect(waiting).toMatchObject({ expected_at: null, basis: expect.stringContaining('not known') })
  expect(waiting.causes[0]?.sentence).not.toContain(kind)
})

test('a job for which nobody comes says so, with a time for nothing', async () => {
  const { enqueue, why, kind } = await setupWhy()
  const { causes, expected_at, basis } = await why(await enqueue())
  expect(causes).toMatchObject([{ cause: 'no_worker', data: { kind, last_seen_at: null } }])
  expect({ expected_at, basis }).toEqual({
    expected_at: null,
    basis: 'It begins when a worker for its kind does.',
  })
})

test('an ingest key asks about the jobs of its own user alone', async () => {
  const { get, enqueue } = await setupWhy()
  const [own, others] = [await enqueue(), await enqueue(uuidv7())]
  const status = async (id: string, as: 'ingest' | 'viewer' | 'worker') =>
    (await get(`/v1/jobs/${id}/why`, { as })).status
  expect(await status(own, 'ingest')).toBe(200)
  expect(await status(others, 'ingest')).toBe(404)
  expect(await status(others, 'viewer')).toBe(200)
  expect(await status(others, 'worker')).toBe(200)
})

test("another tenant's job, an unknown one and no id at all are the same 404", async () => {
  const { otherTenant, enqueue } = await setupWhy()
  const answers = await Promise.all(
    [await enqueue(), uuidv7(), 'none'].map(async (id) => {
      const response = await otherTenant.get(`/v1/jobs/${id}/why`)
      return [response.status, { ...(await bodyOf<object>(response)), instance: null }]
    }),
  )
  expect(answers[0]).toEqual(answers[1])
  expect(answers.map(([status]) => status)).toEqual([404, 404, 404])
})
