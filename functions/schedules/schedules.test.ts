import { and, eq } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import { expect, test } from 'vitest'
import { jobSchedules, jobs, users } from '../../db/schema/index.ts'
import { fireDueSchedules } from '../../domain/schedules/firing.ts'
import { addMember } from '../../test/harness/members.ts'
import { bodyOf } from '../../test/harness/requests.ts'
import { setup } from '../../test/harness/setup.ts'
import { createApp } from './index.ts'

type Schedule = {
  id: string
  name: string
  version: number
  paused: boolean
  next_at: string | null
  last_at: string | null
  payload: Record<string, unknown>
}
type Problem = { code: string; hint?: string; errors: { pointer: string; code: string }[] }

// Far enough away that no test sees it come.
const yearly = { name: 'Yearly', kind: 'reports.render', cron: '0 0 1 1 *' }
const newYear = () => `${new Date().getUTCFullYear() + 1}-01-01T00:00:00.000Z`

async function withSchedule(content: Record<string, unknown> = {}) {
  const world = await setup(createApp)
  const response = await world.post('/', { ...yearly, ...content }, { as: 'editor' })
  expect(response.status).toBe(201)
  const schedule = await bodyOf<Schedule>(response)
  const path = `/${schedule.id}`
  const read = async () => bodyOf<Schedule>(await world.get(path))
  return { ...world, created: response, schedule, path, read }
}

test('what is created is read back, with its next time and its defaults', async () => {
  const { created, schedule, read, get, path, tenant } = await withSchedule()
  expect(created.headers.get('location')).toBe(`/v1/schedules/${schedule.id}`)
  expect(created.headers.get('etag')).toBe('"v1"')
  expect(schedule).toMatchObject({
    ...{ ...yearly, time_zone: 'UTC', catch_up: 'once', payload: {}, priority: 0, attempts_max: 5 },
    ...{ paused: false, next_at: newYear(), last_at: null, last_job_id: null, version: 1 },
    user_id: tenant.admin.id,
  })
  expect(await read()).toEqual(schedule)
  const unchanged = await get(path, { as: 'viewer', headers: { 'if-none-match': '"v1"' } })
  expect(unchanged.status).toBe(304)
})

test('the list is paged, and shows the tenant’s own alone', async () => {
  const { post, get, otherTenant, schedule } = await withSchedule()
  const second = await bodyOf<Schedule>(await post('/', { ...yearly, name: 'Second' }))
  type Page = { items: Schedule[]; next_cursor: string | null }
  const first = await bodyOf<Page>(await get('/?limit=1', { as: 'viewer' }))
  expect(first.items.map(({ id }) => id)).toEqual([schedule.id])
  const next = await bodyOf<Page>(await get(`/?limit=1&cursor=${first.next_cursor}`))
  expect(next).toMatchObject({ items: [{ id: second.id }], next_cursor: null })
  expect((await get('/?cursor=forged')).status).toBe(400)
  expect(await bodyOf<Page>(await otherTenant.get('/'))).toEqual({ items: [], next_cursor: null })
})

test('viewers read and do not write, nobody comes in without a key, uploads have no business here', async () => {
  const { get, post, patch, del, path } = await withSchedule()
  expect((await get(path, { as: 'viewer' })).status).toBe(200)
  expect((await get(`${path}/next`, { as: 'viewer' })).status).toBe(200)
  const writes = [
    post('/', yearly, { as: 'viewer' }),
    patch(path, { name: 'Mine' }, { as: 'viewer' }),
    del(path, { as: 'viewer' }),
    ...['pause', 'resume', 'run'].map((word) =>
      post(`${path}/${word}`, undefined, { as: 'viewer' }),
    ),
    get(path, { as: 'ingest' }),
    get(path, { as: 'worker' }),
  ]
  for (const response of await Promise.all(writes)) expect(response.status).toBe(403)
  expect((await get(path, { as: 'nobody' })).status).toBe(401)
})

test.each([
  [{ cron: '0 24 * * *' }, '/cron', 'invalid_cron', 'Midnight is 0.'],
  [{ cron: '* * * *' }, '/cron', 'invalid_cron', 'a sixth, in front, is the second'],
  [{ time_zone: 'Berlin' }, '/time_zone', 'invalid_time_zone', 'Did you mean "Europe/Berlin"?'],
  [{ time_zone: 'Europe/Berln' }, '/time_zone', 'invalid_time_zone', '"Europe/Berlin"'],
  [{ kind: 'documents.extract' }, '/kind', 'reserved_kind', 'a word of your own'],
  [{ kind: 'blobs.delete' }, '/kind', 'reserved_kind', 'a word of your own'],
])(
  '%j is refused at the field, with a hint, when created and when changed',
  async (wrong, pointer, code, hint) => {
    const { post, patch, path, read, schedule } = await withSchedule()
    const refusals = [post('/', { ...yearly, name: 'Other', ...wrong }), patch(path, wrong)]
    for (const response of await Promise.all(refusals)) {
      expect(response.status).toBe(422)
      const problem = await bodyOf<Problem>(response)
      expect(problem).toMatchObject({ code: 'invalid', errors: [{ pointer, code }] })
      expect(problem.hint).toContain(hint)
    }
    expect(await read()).toEqual(schedule)
  },
)

test.each([
  { kind: 'no kind' },
  { kind: '' },
  { name: ' ' },
  { priority: 40_000 },
  { attempts_max: 0 },
  { catch_up: 'some' },
  { payload: { text: 'x'.repeat(65_536) } },
  { cron: '*'.repeat(201) },
])('what cannot be a schedule is refused', async (wrong) => {
  const { post } = await setup(createApp)
  expect((await post('/', { ...yearly, ...wrong })).status).toBe(422)
})

test('a name is taken once in a tenant', async () => {
  const { post, patch, path, otherTenant } = await withSchedule()
  expect((await post('/', yearly)).status).toBe(409)
  expect((await otherTenant.post('/', yearly)).status).toBe(201)
  expect((await post('/', { ...yearly, name: 'Second' })).status).toBe(201)
  const taken = await patch(path, { name: 'Second' })
  expect(await bodyOf<Problem>(taken)).toMatchObject({ code: 'duplicate' })
})

test('a change gives a new version; a stale one touches nothing; an empty one is none', async () => {
  const { patch, path, read } = await withSchedule()
  const headers = { 'if-match': '"v1"' }
  const changed = await patch(path, { time_zone: 'Asia/Tokyo', cron: ' 0  9 1 1 * ' }, { headers })
  expect(changed.headers.get('etag')).toBe('"v2"')
  expect(await bodyOf<Schedule>(changed)).toMatchObject({
    ...{ cron: '0 9 1 1 *', time_zone: 'Asia/Tokyo', next_at: newYear(), catch_up: 'once' },
  })
  expect((await patch(path, { name: 'Late' }, { headers })).status).toBe(412)
  expect((await patch(path, {})).headers.get('etag')).toBe('"v2"')
  expect(await read()).toMatchObject({ name: 'Yearly', version: 2 })
})

test('of two changes of one version at once one wins', async () => {
  const { patch, path } = await withSchedule()
  const headers = { 'if-match': '"v1"' }
  const save = (name: string) => patch(path, { name }, { headers })
  const replies = await Promise.all([save('One'), save('Other')])
  expect(replies.map(({ status }) => status).sort()).toEqual([200, 412])
})

test('a paused schedule has no next time until it is resumed', async () => {
  const { post, get, path } = await withSchedule()
  const paused = await bodyOf<Schedule>(await post(`${path}/pause`))
  expect(paused).toMatchObject({ paused: true, next_at: null, version: 2 })
  expect(await bodyOf(await get(`${path}/next`))).toEqual({ times: [] })
  const headers = { 'if-match': '"v1"' }
  expect((await post(`${path}/resume`, undefined, { headers })).status).toBe(412)
  const resumed = await bodyOf<Schedule>(await post(`${path}/resume`))
  expect(resumed).toMatchObject({ paused: false, next_at: newYear(), version: 3 })
})

test('to run it now queues a job of the caller and leaves the schedule as it is', async () => {
  const { post, path, read, schedule, db, tenant } = await withSchedule({ payload: { page: 3 } })
  const response = await post(`${path}/run`, undefined, { as: 'editor' })
  expect(response.status).toBe(202)
  const run = await bodyOf<{ job_id: string; scheduled_at: string }>(response)
  expect(response.headers.get('location')).toBe(`/v1/jobs/${run.job_id}`)
  const mine = and(eq(jobs.tenantId, tenant.id), eq(jobs.id, run.job_id))
  expect(await db.select().from(jobs).where(mine)).toMatchObject([
    {
      ...{ kind: 'reports.render', status: 'queued', userId: tenant.admin.id },
      payload: { page: 3, schedule_id: schedule.id, scheduled_at: run.scheduled_at },
    },
  ])
  expect(await read()).toEqual(schedule)
  const again = await bodyOf<{ job_id: string }>(await post(`${path}/run`))
  expect(again.job_id).toBe(run.job_id)
})

test('the next times are as many as asked for, a hundred at most', async () => {
  const { get, path } = await withSchedule()
  const { times } = await bodyOf<{ times: string[] }>(await get(`${path}/next?count=3`))
  const year = new Date().getUTCFullYear()
  expect(times).toEqual([1, 2, 3].map((more) => `${year + more}-01-01T00:00:00.000Z`))
  expect((await get(`${path}/next?count=101`)).status).toBe(422)
  expect((await get(`${path}/next?count=0`)).status).toBe(422)
})

test('a firing is a change that a reader can see', async () => {
  const { db, read, get, path } = await withSchedule()
  await fireDueSchedules(db, { now: new Date(newYear()) })
  const fired = await read()
  expect(fired).toMatchObject({ last_at: newYear(), version: 2 })
  expect((await get(path, { headers: { 'if-none-match': '"v1"' } })).status).toBe(200)
})

test('what is deleted is gone, unless it has changed meanwhile; the audit log says who did it', async () => {
  const { del, get, patch, path, sql, tenant, schedule } = await withSchedule()
  await patch(path, { name: 'Renamed' })
  expect((await del(path, { headers: { 'if-match': '"v1"' } })).status).toBe(412)
  expect((await del(path, { as: 'editor' })).status).toBe(204)
  expect((await get(path)).status).toBe(404)
  expect((await del(path)).status).toBe(404)
  const audit = await sql`
    select action, subject_id, actor_user_id from audit_log where tenant_id = ${tenant.id}`
  expect(audit).toEqual([
    { action: 'schedule.deleted', subject_id: schedule.id, actor_user_id: tenant.admin.id },
  ])
})

test('a schedule of another tenant, an unknown one and no id at all are the same nothing', async () => {
  const { otherTenant, path, get, read, schedule } = await withSchedule()
  for (const word of ['', '/pause', '/resume', '/run', '/next']) {
    const method = word === '' || word === '/next' ? 'get' : 'post'
    expect((await otherTenant[method](`${path}${word}`)).status).toBe(404)
  }
  expect((await otherTenant.patch(path, { name: 'Mine' })).status).toBe(404)
  expect((await otherTenant.del(path)).status).toBe(404)
  expect((await get(`/${uuidv7()}`)).status).toBe(404)
  expect((await get('/none')).status).toBe(404)
  expect(await read()).toEqual(schedule)
})

test('a repeated request with one Idempotency-Key makes one schedule', async () => {
  const { post, get } = await setup(createApp)
  const headers = { 'idempotency-key': uuidv7() }
  const [first, second] = [
    await post('/', yearly, { headers }),
    await post('/', yearly, { headers }),
  ]
  expect([first.status, second.status]).toEqual([201, 201])
  expect(second.headers.get('idempotency-replayed')).toBe('true')
  const { items } = await bodyOf<{ items: Schedule[] }>(await get('/'))
  expect(items).toHaveLength(1)
})

test('a malformed body, and one that is no JSON, are refused as such', async () => {
  const { post } = await setup(createApp)
  const headers = { 'content-type': 'application/json' }
  expect((await post('/', '{"name"', { headers })).status).toBe(400)
  expect((await post('/', 'name', { headers: { 'content-type': 'text/plain' } })).status).toBe(415)
})

test('a user who has just been deleted makes none, though their key is still known', async () => {
  const { db, tenant, get, post } = await setup(createApp)
  const { id, auth: headers } = await addMember(db, tenant.id, { role: 'editor' })
  expect((await get('/', { headers })).status).toBe(200)
  await db.delete(users).where(and(eq(users.tenantId, tenant.id), eq(users.id, id)))
  expect((await get('/', { headers })).status).toBe(200)
  expect((await post('/', yearly, { headers })).status).toBe(404)
  expect(await db.$count(jobSchedules, eq(jobSchedules.tenantId, tenant.id))).toBe(0)
})
