import { sql } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import { expect, test } from 'vitest'
import { cancelJob, enqueueJobs } from '../domain/jobs/queue.ts'
import { eventually } from '../test/harness/eventually.ts'
import { openTestDatabase } from '../test/harness/setup.ts'
import { createTenant } from '../test/harness/tenants.ts'
import { uuidBound } from './partitions.ts'
import {
  type JobStatus,
  jobHistory,
  jobKinds,
  jobTenantLimits,
  jobWorkers,
} from './schema/index.ts'
import {
  countEndedJobs,
  countOpenJobs,
  findJobAnywhere,
  listAllJobs,
  listRecentFailures,
  listRunningJobs,
  listTenantsWithEnded,
  listWorkers,
  readQueueCounters,
} from './system.ts'

const hourMs = 3_600_000

async function setup() {
  const { db } = await openTestDatabase()
  const [one, two] = await Promise.all([createTenant(db), createTenant(db)])
  const kind = `kind-${uuidv7()}`
  const queue = async (tenantId: string, options: { kind?: string; delayMs?: number } = {}) =>
    (await enqueueJobs(db, [{ tenantId, id: uuidv7(), kind, ...options }]))[0] ?? ''
  const end = async (
    tenantId: string,
    status: JobStatus,
    { kind: other = kind, id = uuidv7() } = {},
  ) => {
    const errors = [{ attempt: 1, at: 'now', code: 'broken', message: 'It broke.' }]
    await db.insert(jobHistory).values({ tenantId, id, kind: other, status, errors, attempts: 1 })
    return id
  }
  const list = (filter: Partial<Parameters<typeof listAllJobs>[1]>) =>
    listAllJobs(db, { tenantId: null, status: null, kind, limit: 20, ...filter })
  return { db, one, two, kind, queue, end, list }
}

const idsOf = (rows: { id: string }[]) => rows.map(({ id }) => id)

test('open and ended jobs of all tenants are listed together, the newest first, or those of one tenant', async () => {
  const { one, two, queue, end, list } = await setup()
  const first = await queue(one.id)
  const second = await end(two.id, 'dead')
  const third = await queue(two.id, { delayMs: hourMs })
  const fourth = await end(one.id, 'completed')
  const all = await list({})
  expect(idsOf(all)).toEqual([fourth, third, second, first])
  expect(all.map(({ status }) => status)).toEqual(['completed', 'waiting', 'dead', 'queued'])
  expect(all[2]).toMatchObject({ tenantName: two.name, errorCode: 'broken', attempts: 1 })
  expect(all[2]?.finishedAt).toBeInstanceOf(Date)
  expect(all[3]).toMatchObject({ finishedAt: null, createdAt: expect.any(Date) })
  expect(idsOf(await list({ tenantId: two.id }))).toEqual([third, second])
  expect(idsOf(await list({ limit: 3 }))).toEqual([fourth, third, second])
})

test('a status and a kind narrow the list', async () => {
  const { one, kind, queue, end, list } = await setup()
  const dead = await end(one.id, 'dead')
  await end(one.id, 'dead', { kind: `${kind}-other` })
  await end(one.id, 'cancelled')
  const waiting = await queue(one.id, { delayMs: hourMs })
  expect(idsOf(await list({ status: 'dead' }))).toEqual([dead])
  expect(idsOf(await list({ status: 'waiting' }))).toEqual([waiting])
  expect(await list({ status: 'dead', kind: null, tenantId: one.id })).toHaveLength(2)
  expect(await list({ status: 'running' })).toEqual([])
})

test('a queued job says whether its kind is paused, for all tenants or for its own', async () => {
  const { db, one, two, kind, queue, list } = await setup()
  for (const { id } of [one, two]) await queue(id)
  const paused = async (tenantId: string) => (await list({ tenantId }))[0]?.isPaused
  expect(await paused(one.id)).toBe(false)
  const pausedAt = new Date()
  await db.insert(jobTenantLimits).values({ tenantId: one.id, kind: '*', pausedAt })
  expect([await paused(one.id), await paused(two.id)]).toEqual([true, false])
  await db.insert(jobKinds).values({ kind, pausedAt })
  expect(await paused(two.id)).toBe(true)
})

test('a job is found by its id alone, open or ended, and not in the name of another tenant', async () => {
  const { db, one, two, queue, end } = await setup()
  const open = await queue(one.id)
  const ended = await end(two.id, 'failed')
  const find = (id: string, tenantId: string | null = null) => findJobAnywhere(db, { tenantId, id })
  expect(await find(open)).toMatchObject([{ id: open, tenantName: one.name, status: 'queued' }])
  expect(await find(ended)).toMatchObject([{ id: ended, tenantName: two.name, status: 'failed' }])
  expect(await find(open, two.id)).toEqual([])
  expect(await find(uuidv7())).toEqual([])
})

test('open jobs are counted by kind and status with the age of the oldest, ended ones of a time alone', async () => {
  const { db, one, two, kind, queue, end } = await setup()
  await Promise.all([
    queue(one.id),
    queue(one.id),
    queue(two.id),
    queue(two.id, { delayMs: hourMs }),
  ])
  await end(two.id, 'dead')
  await end(one.id, 'completed')
  await end(one.id, 'completed', { id: uuidBound(new Date(Date.now() - 2 * hourMs)) })
  const counted = async (tenantId: string | null) => {
    const since = new Date(Date.now() - hourMs)
    const open = await countOpenJobs(db, { tenantId })
    const ended = await countEndedJobs(db, { tenantId, since })
    expect([open.isCapped, ended.isCapped]).toEqual([false, false])
    const ours = [...open.counts, ...ended.counts].filter((row) => row.kind === kind)
    return Object.fromEntries(ours.map(({ status, count }) => [status, count]))
  }
  expect(await counted(null)).toEqual({ queued: 3, waiting: 1, dead: 1, completed: 1 })
  expect(await counted(two.id)).toEqual({ queued: 1, waiting: 1, dead: 1 })
  expect(await counted(one.id)).toEqual({ queued: 2, completed: 1 })
  const { counts } = await countOpenJobs(db, { tenantId: one.id })
  expect(counts).toEqual([{ kind, status: 'queued', count: 2, oldestAt: expect.any(Date) }])
})

test('what runs comes the longest first, what failed the latest first', async () => {
  const { db, one, queue, end } = await setup()
  const ids = [await queue(one.id), await queue(one.id)]
  for (const [index, id] of ids.entries())
    await db.execute(sql`
      update jobs set status = 'running', lease_token = gen_random_uuid(), leased_by = 'w',
        leased_at = now() - ${index}::int * interval '1 minute', lease_expires_at = now() + interval '1 hour'
      where tenant_id = ${one.id} and id = ${id}`)
  const running = await listRunningJobs(db, { tenantId: one.id, limit: 5 })
  expect(idsOf(running)).toEqual(ids.toReversed())
  expect(running[0]).toMatchObject({ leasedBy: 'w', leasedAt: expect.any(Date) })
  const [older, latest] = [uuidv7(), uuidv7()]
  await end(one.id, 'failed', { id: latest }) // queued later, ended earlier
  await end(one.id, 'dead', { id: older })
  await end(one.id, 'cancelled')
  const failures = await listRecentFailures(db, { tenantId: one.id, limit: 5 })
  expect(idsOf(failures)).toEqual([older, latest])
})

test('tenants with dead jobs are named, and no others', async () => {
  const { db, one, two, end } = await setup()
  await end(one.id, 'dead')
  await end(two.id, 'cancelled')
  const named = idsOf(await listTenantsWithEnded(db, { tenantId: null, status: 'dead' }))
  expect(named).toContain(one.id)
  expect(named).not.toContain(two.id)
  expect(await listTenantsWithEnded(db, { tenantId: two.id, status: 'dead' })).toEqual([])
})

test('workers that have not been heard of for a while, or that serve another tenant, are not listed', async () => {
  const { db, one, two, kind } = await setup()
  const kinds = { [kind]: { places: 2, free: 1, running: 1, finished: 5, mean_ms: 10 } }
  const aliveUntil = new Date(Date.now() + 60_000)
  const worker = (name: string, row: object) =>
    db
      .insert(jobWorkers)
      .values({ id: uuidv7(), name: `${kind} ${name}`, kinds, aliveUntil, ...row })
  await worker('all', {})
  await worker('theirs', { tenantId: two.id })
  await worker('gone', { aliveUntil: new Date(Date.now() - 60_000) })
  const names = async (tenantId: string | null) =>
    (await listWorkers(db, { tenantId })).map((row) => row.name.replace(`${kind} `, ''))
  expect(await names(null)).toEqual(['all', 'theirs'])
  expect(await names(one.id)).toEqual(['all'])
  expect((await listWorkers(db, { tenantId: one.id }))[0]?.kinds).toEqual(kinds)
})

test('the counters of the queue grow with what comes and with what ends', async () => {
  const { db, one, queue } = await setup()
  const before = await readQueueCounters(db)
  const ids = [await queue(one.id), await queue(one.id), await queue(one.id)]
  for (const id of ids.slice(1))
    await db.transaction((tx) => cancelJob(tx, { tenantId: one.id, id }))
  await eventually('the counters have grown', async () => {
    const { enqueued, ended } = await readQueueCounters(db)
    return enqueued >= before.enqueued + 3 && ended >= before.ended + 2
  })
})
