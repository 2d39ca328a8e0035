import { and, eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { auditLog, jobKinds } from '../../db/schema/index.ts'
import { kind, setupJobs, shown } from '../../test/harness/jobs-over-http.ts'
import { bodyOf } from '../../test/harness/requests.ts'

type Limits = { items: { kind: string; running_max: number | null; paused_at: string | null }[] }

test('a limit that is set holds for the next lease, and ends with its removal', async () => {
  const { put, del, get, enqueue, lease } = await setupJobs()
  await Promise.all([enqueue(), enqueue(), enqueue()])
  const set = await put(`/v1/jobs/limits/${kind}`, { running_max: 1 })
  expect(await shown(set)).toEqual([200, { kind, running_max: 1, paused_at: null }])
  expect(await lease({ limit: 10 })).toHaveLength(1)
  expect(await bodyOf(await get('/v1/jobs/limits'))).toMatchObject({ items: [{ kind }] })
  expect((await del(`/v1/jobs/limits/${kind}`)).status).toBe(204)
  expect((await del(`/v1/jobs/limits/${kind}`)).status).toBe(404)
  expect(await lease({ limit: 10 })).toHaveLength(2)
})

test('a pause of all kinds lets none begin, and is as old as its first request', async () => {
  const { put, enqueue, lease } = await setupJobs()
  await enqueue()
  const pause = async () =>
    bodyOf<Limits['items'][number]>(await put('/v1/jobs/limits/*', { paused: true }))
  const first = await pause()
  expect(first).toMatchObject({ kind: '*', running_max: null, paused_at: expect.any(String) })
  expect(await pause()).toEqual(first)
  expect(await lease()).toEqual([])
  await put('/v1/jobs/limits/*', { running_max: 5 })
  expect(await lease()).toHaveLength(1)
})

test("a tenant's limits are its own, and each change is in its audit", async () => {
  const { put, del, otherTenant, db, tenant } = await setupJobs()
  await put(`/v1/jobs/limits/${kind}`, { running_max: 2 })
  expect(await bodyOf(await otherTenant.get('/v1/jobs/limits'))).toEqual({ items: [] })
  expect((await otherTenant.del(`/v1/jobs/limits/${kind}`)).status).toBe(404)
  await del(`/v1/jobs/limits/${kind}`)
  const mine = and(eq(auditLog.tenantId, tenant.id), eq(auditLog.subjectType, 'job_limit'))
  const rows = await db.select().from(auditLog).where(mine).orderBy(auditLog.seq)
  expect(rows.map(({ action, detail, actorUserId }) => [action, detail.kind, actorUserId])).toEqual(
    [
      ['job_limit.set', kind, tenant.admin.id],
      ['job_limit.removed', kind, tenant.admin.id],
    ],
  )
})

test('the operator pauses a kind for all tenants', async () => {
  const { operator, otherTenant, enqueue, lease, db } = await setupJobs()
  const path = '/v1/jobs/kinds/reports.paused'
  const of = { kind: 'reports.paused' }
  await enqueue(of)
  expect((await operator.put(path, { paused: true })).status).toBe(200)
  expect(await lease({ kinds: [of.kind] })).toEqual([])
  const { items } = await bodyOf<Limits>(await operator.get('/v1/jobs/kinds'))
  expect(items).toContainEqual({ ...of, running_max: null, paused_at: expect.any(String) })
  expect((await operator.put(path, { running_max: 1 })).status).toBe(200)
  await otherTenant.post('/v1/jobs', of)
  expect(await lease({ kinds: [of.kind] })).toHaveLength(1)
  const theirs = await otherTenant.post('/v1/jobs/lease', { kinds: [of.kind], worker: 'w' })
  expect(await bodyOf(theirs)).toEqual({ jobs: [] })
  expect((await operator.del(path)).status).toBe(204)
  expect((await operator.del(path)).status).toBe(404)
  expect(await db.select().from(jobKinds).where(eq(jobKinds.kind, of.kind))).toEqual([])
})

test('of two who set one limit at once, one is the last, and nobody fails', async () => {
  const { put, get } = await setupJobs()
  const replies = await Promise.all(
    [1, 2, 3, 4].map((count) => put(`/v1/jobs/limits/${kind}`, { running_max: count })),
  )
  expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 200])
  expect((await bodyOf<Limits>(await get('/v1/jobs/limits'))).items).toHaveLength(1)
})

test('a tenant has at most a hundred limits, and may still change those', async () => {
  const { put } = await setupJobs()
  const set = (name: string) => put(`/v1/jobs/limits/${name}`, { running_max: 1 })
  for (let count = 0; count < 100; count++) expect((await set(`k${count}`)).status).toBe(200)
  expect(await shown(await set('more'))).toMatchObject([409, { code: 'conflict' }])
  expect((await set('k7')).status).toBe(200)
})

test.each([
  [{}, '/running_max'],
  [{ running_max: 0 }, '/running_max'],
  [{ paused: 'yes' }, '/paused'],
])('a limit of %o is refused', async (body, pointer) => {
  const { put, operator } = await setupJobs()
  const [status, problem] = await shown(await put('/v1/jobs/limits/*', body))
  expect([status, problem.errors?.[0]?.pointer]).toEqual([422, pointer])
  expect((await operator.put(`/v1/jobs/kinds/${kind}`, body)).status).toBe(422)
})

test('only admins set limits, only the operator those of all tenants, for kinds that can be', async () => {
  const { put, get, operator } = await setupJobs()
  const limit = { running_max: 1 }
  expect((await put(`/v1/jobs/limits/${kind}`, limit, { as: 'editor' })).status).toBe(403)
  expect((await put(`/v1/jobs/kinds/${kind}`, limit)).status).toBe(403)
  expect((await get('/v1/jobs/kinds')).status).toBe(403)
  expect((await put('/v1/jobs/limits/no%20kind', limit)).status).toBe(404)
  expect((await operator.put('/v1/jobs/kinds/*', limit)).status).toBe(404)
})
