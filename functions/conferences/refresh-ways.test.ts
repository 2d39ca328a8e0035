import { uuidv7 } from 'uuidv7'
import { expect, test } from 'vitest'
import { enqueueJob } from '../../domain/jobs/queue.ts'
import { fireDueSchedules } from '../../domain/schedules/firing.ts'
import { conferenceYaml } from '../../test/fixtures/conferences.ts'
import { refreshing, type Source, startSource } from '../../test/fixtures/refreshing.ts'
import { eventually } from '../../test/harness/eventually.ts'
import { bodyOf, requestsOf } from '../../test/harness/requests.ts'
import { createApp as createJobs } from '../jobs/index.ts'
import { createApp as createSchedules } from '../schedules/index.ts'

const text = conferenceYaml([{ year: 2027, rounds: [{ paper: '2027-06-11 23:59:59' }] }])
const weekly = { name: 'Conferences', kind: 'conferences.refresh', cron: '0 6 * * MON' }

test('the same refresh asked for twice while it waits is one, and another order is another', async () => {
  const { post, ask, tenant, sql } = await refreshing()
  const url = 'http://127.0.0.1:9/list.yml'
  const reply = await post('/refresh', { source: { url } })
  const { job_id: id, urls } = await bodyOf<{ job_id: string; urls: { job: string } }>(reply)
  expect([reply.headers.get('location'), urls.job]).toEqual(Array(2).fill(`/v1/jobs/${id}`))
  expect(await ask(`${url}#part`)).toBe(id)
  expect(await ask(url, { dry_run: true })).not.toBe(id)
  const rows =
    await sql`select kind, user_id from jobs where tenant_id = ${tenant.id} and id = ${id}`
  expect(rows).toMatchObject([{ kind: 'conferences.refresh', user_id: tenant.admin.id }])
})

test.each([
  ['http://example.com/a.yml', 'Must begin with https://.'],
  ['https://10.1.2.3/a.yml', 'Its host must be a name, not an address.'],
  ['https://localhost/a.yml', 'Its host must be a public name.'],
  ['https://me:secret@example.com/a.yml', 'Must have neither user name nor password.'],
  ['file:///etc/passwd', 'Must begin with https://.'],
  ['conferences.yml', 'Must be an absolute URL.'],
])('nothing is asked of %s', async (url, detail) => {
  const { post } = await refreshing({ config: { conferencesAllowPrivate: false } })
  const reply = await post('/refresh', { source: { url } })
  expect([reply.status, await bodyOf(reply)]).toMatchObject([
    ...[422, { errors: [{ pointer: '/source/url', code: 'not_allowed', detail }] }],
  ])
})

test.each([
  [{}, '/source'],
  [{ source: { path: '/etc' } }, '/source'],
  [{ source: { url: 'https://example.com' }, floor: { share: 2 } }, '/floor/share'],
  [{ source: { url: 'https://example.com' }, freshnes_days: 2 }, ''],
])('an order %j is refused at %s', async (order, pointer) => {
  const { post } = await refreshing()
  const reply = await post('/refresh', order)
  const { errors } = await bodyOf<{ errors: { pointer: string }[] }>(reply)
  expect(reply.status).toBe(422)
  expect(errors[0]?.pointer.startsWith(pointer)).toBe(true)
})

test('a tenant sees its own sources alone, and another has the same one anew', async () => {
  const world = await refreshing()
  const { startWorker, run, otherTenant, sql } = world
  const { url } = await startSource(text)
  startWorker()
  await run(url)
  const listed = async (actor: Pick<typeof otherTenant, 'get'>) =>
    (await bodyOf<{ items: Source[] }>(await actor.get('/refresh'))).items
  expect(await listed(otherTenant)).toEqual([])
  const reply = await otherTenant.post('/refresh', { source: { url } })
  const { job_id: id } = await bodyOf<{ job_id: string }>(reply)
  const theirs = await eventually('theirs is there', async () => {
    const [one] = await listed(otherTenant)
    return one?.imported_at && one
  })
  expect(theirs).toMatchObject({ url, job_id: id, totals: { created: 1 } })
  expect(await listed(world)).toHaveLength(1)
  const heads = await sql`select tenant_id from conference_series
    where tenant_id in (${world.tenant.id}, ${otherTenant.id})`
  expect(heads).toHaveLength(2)
})

test('a schedule refreshes conferences, and its run carries the checks', async () => {
  const { startWorker, deps, db, tenant, ended, deadlines } = await refreshing()
  const { url } = await startSource(text)
  const schedules = requestsOf(createSchedules(deps), tenant)
  const made = await schedules.post('/', { ...weekly, payload: { source: { url } } })
  expect(made.status).toBe(201)
  const { id, next_at: nextAt } = await bodyOf<{ id: string; next_at: string }>(made)
  const fired = await fireDueSchedules(db, { now: new Date(nextAt) })
  const jobId = fired.find(({ scheduleId }) => scheduleId === id)?.jobIds[0] ?? ''
  startWorker()
  await ended(jobId)
  const jobs = requestsOf(createJobs(deps), tenant)
  const job = await bodyOf<Record<string, unknown>>(await jobs.get(`/${jobId}`))
  expect(job).toMatchObject({
    ...{ kind: 'conferences.refresh', status: 'completed', user_id: tenant.admin.id },
    result: { checks: expect.arrayContaining([expect.objectContaining({ name: 'volume' })]) },
  })
  expect(job.steps).toContainEqual(
    expect.objectContaining({
      name: 'check',
      output: { verdict: 'passed', checks: expect.any(Array) },
    }),
  )
  expect(await deadlines()).toHaveLength(1)
})

test.each([
  [{}, '/payload/source'],
  [
    { source: { url: 'https://example.com/a.yml' }, floor: { share: 'all' } },
    '/payload/floor/share',
  ],
  [{ source: { url: 'https://example.com/a.yml' }, flor: {} }, '/payload'],
])(
  'a schedule whose payload is %j is refused, when it is made and when it is changed',
  async (payload, pointer) => {
    const { deps, tenant } = await refreshing()
    const { post, patch } = requestsOf(createSchedules(deps), tenant)
    const refused = { status: 422, errors: [{ pointer, code: 'invalid_payload' }] }
    expect(await bodyOf(await post('/', { ...weekly, payload }))).toMatchObject(refused)
    const other = await post('/', { ...weekly, kind: 'reports.render', payload })
    const { id } = await bodyOf<{ id: string }>(other)
    const kind = weekly.kind
    expect(await bodyOf(await patch(`/${id}`, { kind }))).toMatchObject(refused)
    const source = { url: 'https://example.com/a.yml' }
    expect((await patch(`/${id}`, { kind, payload: { source } })).status).toBe(200)
  },
)

test('a payload that somebody got past the schedules ends the run for good', async () => {
  const { startWorker, db, tenant, ended } = await refreshing()
  const job = { tenantId: tenant.id, kind: weekly.kind, payload: { source: { path: '/etc' } } }
  const id = await db.transaction((tx) => enqueueJob(tx, { ...job, id: uuidv7() }))
  startWorker()
  expect(await ended(id)).toMatchObject({ status: 'failed', errors: [{ code: 'invalid' }] })
})
