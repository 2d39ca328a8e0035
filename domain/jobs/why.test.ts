import { uuidv7 } from 'uuidv7'
import { expect, test } from 'vitest'
import { promoteDueJobs, releaseDependents } from '../../db/system.ts'
import { setupWaiting, type WaitingWorld } from '../../test/fixtures/waiting-jobs.ts'
import { failJob } from './lease.ts'
import { cancelJob } from './queue.ts'
import { explainJob } from './why.ts'
import { reportTenantWorker } from './workers.ts'

/** Makes a job wait; `end` removes the cause. */
type Case = (world: WaitingWorld) => Promise<{ id: string; end: () => Promise<unknown> }>

const fault = { code: 'printer_jam', message: 'The paper is stuck.', isFinal: false }

const untilNow: Case = async ({ enqueue }) => {
  const job = { dedupeKey: 'one', onDuplicate: 'reschedule' as const }
  const id = await enqueue({ ...job, delayMs: 60_000 })
  return { id, end: () => enqueue({ ...job, runAt: new Date(0) }) }
}

const afterFailure: Case = async ({ db, sql, running, tenantId }) => {
  const job = await running()
  await failJob(db, job, { fault, retryMs: 60_000 })
  const end = async () => {
    await sql`update jobs set run_at = now() where tenant_id = ${tenantId} and id = ${job.id}`
    await promoteDueJobs(db, 1_000)
  }
  return { id: job.id, end }
}

const afterOther: Case = async ({ db, running, enqueue, complete, kind }) => {
  const other = await running({ kind: `${kind}.other` })
  const end = async () => {
    await complete(other)
    await releaseDependents(db, 1_000)
  }
  return { id: await enqueue({ dependsOn: [other.id] }), end }
}

const underLimit =
  (ofKind: (kind: string) => string): Case =>
  async ({ limit, running, enqueue, complete, kind }) => {
    await limit(ofKind(kind), 1)
    const first = await running()
    return { id: await enqueue(), end: () => complete(first) }
  }

const underKindLimit: Case = async ({ limitKind, running, enqueue, complete, otherId }) => {
  await limitKind(1)
  const theirs = await running({ tenantId: otherId })
  return { id: await enqueue(), end: () => complete(theirs) }
}

const whilePaused =
  (ofKind: (kind: string) => string): Case =>
  async ({ pause, resume, enqueue, kind }) => {
    await pause(ofKind(kind))
    return { id: await enqueue(), end: resume }
  }

const whileKindIsPaused: Case = async ({ pauseKind, resumeKind, enqueue }) => {
  await pauseKind()
  return { id: await enqueue(), end: resumeKind }
}

const one = (kind: string) => kind
const all = () => '*'

test.each<[string, string, object, Case]>([
  ['its time has not come', 'time', { run_at: expect.any(String) }, untilNow],
  [
    'its attempt failed',
    'backoff',
    { code: 'printer_jam', attempt: 1, attempts_max: 5 },
    afterFailure,
  ],
  ['another job must end first', 'dependency', { open: 1, will_be_cancelled: false }, afterOther],
  [
    'the lane is full',
    'tenant_limit',
    { scope: 'tenant_kind', running: 1, running_max: 1 },
    underLimit(one),
  ],
  [
    'the tenant is full',
    'tenant_limit',
    { scope: 'tenant', running: 1, running_max: 1 },
    underLimit(all),
  ],
  ['the kind is full', 'kind_limit', { running: 1, running_max: 1 }, underKindLimit],
  ['the lane is paused', 'paused', { scope: 'tenant_kind' }, whilePaused(one)],
  ['the tenant is paused', 'paused', { scope: 'tenant' }, whilePaused(all)],
  ['the kind is paused', 'paused', { scope: 'kind' }, whileKindIsPaused],
])(
  '%s: why says %s, nobody can lease it, and both change together',
  async (_, cause, data, make) => {
    const world = await setupWaiting()
    const { id, end } = await make(world)
    expect((await world.explain(id)).causes).toMatchObject([{ cause, data }])
    expect(await world.lease()).toEqual([])
    await end()
    expect(await world.causes(id)).toEqual(['about_to_start'])
    expect((await world.lease()).map((job) => job.id)).toEqual([id])
    expect(await world.causes(id)).toEqual(['running'])
  },
)

test('without a live worker for its kind and tenant a job waits for one, and is leased by the first', async () => {
  const { db, enqueue, causes, explain, lease, work, kind, otherId, tenantId } = await setupWaiting(
    {
      hasWorker: false,
    },
  )
  const id = await enqueue()
  const places = { [kind]: 1 }
  await reportTenantWorker(db, { tenantId: otherId, name: 'theirs', places, aliveMs: 60_000 })
  await reportTenantWorker(db, { tenantId, name: 'other kind', places: { x: 1 }, aliveMs: 60_000 })
  await reportTenantWorker(db, { tenantId, name: 'silent', places, aliveMs: -1_000 })
  expect((await explain(id)).causes).toMatchObject([
    { cause: 'no_worker', data: { kind, last_seen_at: expect.any(String) }, expectedAt: null },
  ])
  expect(await lease(10, 'x')).toEqual([])
  await reportTenantWorker(db, { tenantId, name: 'silent', places, aliveMs: 60_000 })
  expect(await causes(id)).toEqual(['about_to_start'])
  await reportTenantWorker(db, { tenantId, name: 'silent', places: {}, aliveMs: 60_000 })
  expect(await causes(id)).toEqual(['no_worker'])
  await work()
  expect(await causes(id)).toEqual(['about_to_start'])
  expect((await lease()).map((job) => job.id)).toEqual([id])
})

test('a job behind others says how many, and begins when they have', async () => {
  const { enqueue, lease, explain, causes, work, otherId, complete } = await setupWaiting()
  await work({ places: 1, free: 1 })
  const urgent = await enqueue({ priority: 1 })
  const early = await enqueue()
  const id = await enqueue()
  await enqueue()
  await enqueue({ priority: -1 })
  const [first] = (await explain(id)).causes
  const data = { ahead: 2, is_capped: false, is_shared: false, places: 1 }
  expect(first).toMatchObject({ cause: 'position', data })
  const theirs = await enqueue({ tenantId: otherId })
  expect((await explain(id)).causes).toMatchObject([{ data: { ahead: 2, is_shared: true } }])
  // Tenants take turns, so a claim of three serves both; the lane itself keeps its order.
  const leased = await lease(3)
  expect(leased.map((job) => job.id).sort()).toEqual([urgent, early, theirs].sort())
  expect(await causes(id)).toEqual(['position'])
  for (const job of leased) await complete(job)
  expect(await causes(id)).toEqual(['about_to_start'])
  expect((await lease(1)).map((job) => job.id)).toEqual([id])
})

test('a job that waited for one that failed says that it will be cancelled, and by which', async () => {
  const { db, running, enqueue, explain, lease, causes, kind, limit } = await setupWaiting()
  const other = await running({ kind: `${kind}.other` })
  const id = await enqueue({ dependsOn: [other.id], delayMs: 60_000 })
  await limit('*', 1)
  await failJob(db, other, { fault: { ...fault, isFinal: true }, retryMs: 0 })
  const jobs = [{ id: other.id, kind: other.kind, status: 'failed' }]
  const before = await explain(id)
  expect(before.causes).toMatchObject([
    { cause: 'dependency', data: { open: 0, will_be_cancelled: true, jobs }, expectedAt: null },
  ])
  expect(before.causes[0].sentence).toContain(other.id)
  await releaseDependents(db, 1_000)
  expect((await explain(id)).causes).toMatchObject([
    { cause: 'dependency', data: { will_be_cancelled: true } },
  ])
  expect(await lease()).toEqual([])
  await promoteDueJobs(db, 1_000)
  expect((await explain(id)).causes).toMatchObject([
    { cause: 'ended', data: { status: 'cancelled', code: 'dependency_failed' } },
  ])
  expect(await causes(id)).toEqual(['ended'])
})

test('of several causes all are told, first the one that only a person can end', async () => {
  const { enqueue, running, explain, pause, resume, kind, limitKind, lease, causes } =
    await setupWaiting()
  const other = await running({ kind: `${kind}.other` })
  const both = await enqueue({ dependsOn: [other.id], delayMs: 60_000 })
  expect(await causes(both)).toEqual(['dependency', 'time'])
  await limitKind(1)
  await running()
  const id = await enqueue()
  await enqueue()
  expect(await causes(id)).toEqual(['kind_limit'])
  await pause(kind)
  expect(await causes(both)).toEqual(['paused', 'dependency', 'time'])
  const why = await explain(id)
  expect(why.causes.map(({ cause }) => cause)).toEqual(['paused', 'kind_limit'])
  expect(why.causes[1]?.expectedAt).toBeInstanceOf(Date)
  // The limit ends by itself, the pause does not: when the job begins is not known.
  expect(why).toMatchObject({ expectedAt: null, basis: expect.stringContaining('resumes') })
  await resume()
  expect(await lease()).toEqual([])
  expect((await explain(id)).expectedAt).toBeInstanceOf(Date)
})

test('a pause and a place in the line are both told', async () => {
  const { enqueue, causes, pauseKind, limit } = await setupWaiting()
  await enqueue()
  const id = await enqueue()
  await pauseKind()
  await limit('*', 3)
  expect(await causes(id)).toEqual(['paused', 'position'])
})

test('a running job says who runs it and how long its lease holds; an ended one how it ended', async () => {
  const { db, sql, running, explain, complete, tenantId, name } = await setupWaiting()
  const job = await running()
  const why = await explain(job.id)
  expect(why).toMatchObject({ status: 'running', expectedAt: null })
  expect(why.causes).toMatchObject([
    {
      cause: 'running',
      data: {
        worker: name,
        attempt: 1,
        cancel_requested: false,
        heartbeat_age_ms: expect.any(Number),
      },
    },
  ])
  await db.transaction((tx) => cancelJob(tx, { tenantId, id: job.id }))
  await sql`update jobs set lease_expires_at = now() - interval '1 s'
    where tenant_id = ${tenantId} and id = ${job.id}`
  const [lost] = (await explain(job.id)).causes
  expect(lost).toMatchObject({ data: { cancel_requested: true } })
  expect(lost.sentence).toContain('taken back')
  await complete(job)
  expect((await explain(job.id)).causes).toMatchObject([
    { cause: 'ended', data: { status: 'completed', code: null } },
  ])
})

test('a job of another tenant, or none, has no answer', async () => {
  const { db, enqueue, otherId, tenantId } = await setupWaiting()
  const id = await enqueue()
  expect(await explainJob(db, { tenantId: otherId, id })).toBeNull()
  expect(await explainJob(db, { tenantId, id: uuidv7() })).toBeNull()
})
