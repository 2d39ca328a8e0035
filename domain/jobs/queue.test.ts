import { uuidv7 } from 'uuidv7'
import { beforeAll, expect, test } from 'vitest'
import type { Db } from '../../db/client.ts'
import { type LeasedJob, leaseJobs, recoverExpiredLeases } from '../../db/system.ts'
import { claimOf } from '../../test/harness/claims.ts'
import { openTestDatabase } from '../../test/harness/setup.ts'
import { createTenant } from '../../test/harness/tenants.ts'
import { listRunEvents } from './events.ts'
import { completeJob, failJob, heartbeatJob, holdLease, releaseJob } from './lease.ts'
import { LeaseLost } from './outcome.ts'
import { cancelJob, enqueueJob, type NewJob } from './queue.ts'

let db: Db
let tenantId: string

beforeAll(async () => {
  db = (await openTestDatabase()).db
  tenantId = (await createTenant(db)).id
})

// Each test has a kind of its own, so that none leases another's jobs.
let kinds = 0
const newKind = () => `test.kind-${++kinds}`

const enqueue = (job: Partial<NewJob> & { kind: string }) =>
  db.transaction((tx) => enqueueJob(tx, { tenantId, id: uuidv7(), ...job }))
const lease = (kind: string, options: { limit?: number; leaseMs?: number } = {}) =>
  leaseJobs(db, claimOf(kind, options))

async function leased(kind: string, leaseMs = 60_000): Promise<LeasedJob> {
  await enqueue({ kind })
  const [job] = await lease(kind, { leaseMs })
  if (!job) throw new Error('nothing was leased')
  return job
}

async function row(table: 'jobs' | 'job_history', id: string) {
  const { sql } = await openTestDatabase()
  const [found] =
    await sql`select * from ${sql(table)} where tenant_id = ${tenantId} and id = ${id}`
  return found
}

async function events(jobId: string): Promise<string[]> {
  const rows = await listRunEvents(db, { tenantId, jobId, after: firstId, limit: 100 })
  return rows.map(({ type }) => type)
}

const firstId = '00000000-0000-0000-0000-000000000000'
const passing = { code: 'internal', message: 'It broke.', isFinal: false }

/** As if the worker had been silent for longer than its lease. */
async function expire({ id }: LeasedJob): Promise<void> {
  const { sql } = await openTestDatabase()
  await sql`update jobs set lease_expires_at = clock_timestamp() - interval '1 second'
    where tenant_id = ${tenantId} and id = ${id}`
}

test('a job exists if and only if the transaction that queued it commits', async () => {
  const kind = newKind()
  const undone = db.transaction(async (tx) => {
    await enqueueJob(tx, { tenantId, id: uuidv7(), kind })
    throw new Error('the caller changed its mind')
  })
  await expect(undone).rejects.toThrow('changed its mind')
  expect(await lease(kind)).toEqual([])
  await enqueue({ kind })
  expect(await lease(kind)).toHaveLength(1)
})

test('a job without any attempt is refused, because it would stop the claim of others', async () => {
  await expect(enqueue({ kind: newKind(), attemptsMax: 0 })).rejects.toThrow()
})

test('of several claimers at once each job goes to exactly one', async () => {
  const kind = newKind()
  for (let count = 0; count < 12; count++) await enqueue({ kind })
  const batches = await Promise.all([1, 2, 3, 4].map(() => lease(kind, { limit: 5 })))
  const rest = await lease(kind, { limit: 12 })
  const ids = [...batches.flat(), ...rest].map((job) => job.id)
  expect(new Set(ids).size).toBe(12)
  expect(ids).toHaveLength(12)
})

test('a larger priority goes first, and a job that is not due yet does not go at all', async () => {
  const kind = newKind()
  const plain = await enqueue({ kind })
  const urgent = await enqueue({ kind, priority: 5 })
  await enqueue({ kind, priority: 9, delayMs: 60_000 })
  expect((await lease(kind)).map((job) => job.id)).toEqual([urgent, plain])
})

test('a dedupe key gives the waiting job instead of a second one, until that has begun', async () => {
  const kind = newKind()
  const first = await enqueue({ kind, dedupeKey: 'same' })
  expect(await enqueue({ kind, dedupeKey: 'same' })).toBe(first)
  await lease(kind)
  expect(await enqueue({ kind, dedupeKey: 'same' })).not.toBe(first)
})

test.each<[string, (job: LeasedJob) => Promise<unknown>]>([
  ['fails', (job) => failJob(db, job, { fault: passing, retryMs: 0 })],
  ['is given back', (job) => releaseJob(db, job)],
  ['is taken back', (job) => expire(job).then(() => recoverExpiredLeases(db, 100))],
])('a job that %s waits again beside one that was queued under its dedupe key', async (_, end) => {
  const kind = newKind()
  const first = await enqueue({ kind, dedupeKey: 'same' })
  const [job] = await lease(kind)
  if (!job) throw new Error('nothing was leased')
  const second = await enqueue({ kind, dedupeKey: 'same' })
  await end(job)
  expect((await lease(kind)).map(({ id }) => id).sort()).toEqual([first, second].sort())
})

test('a completed job moves to history with its result, in the transaction of its effect', async () => {
  const job = await leased(newKind())
  const failing = db.transaction(async (tx) => {
    await completeJob(tx, job, { pages: 3 })
    throw new Error('the effect failed')
  })
  await expect(failing).rejects.toThrow('the effect failed')
  expect(await row('jobs', job.id)).toMatchObject({ status: 'running' })
  await db.transaction((tx) => completeJob(tx, job, { pages: 3 }))
  expect(await row('jobs', job.id)).toBeUndefined()
  expect(await row('job_history', job.id)).toMatchObject({ status: 'completed', attempts: 1 })
  expect(await events(job.id)).toEqual(['enqueued', 'started', 'completed'])
})

test('a worker whose lease went to another can write nothing any more', async () => {
  const kind = newKind()
  const stale = await leased(kind)
  await expire(stale)
  await recoverExpiredLeases(db, 100)
  const [current] = await lease(kind)
  expect(current).toMatchObject({ id: stale.id, attempts: 2 })
  const fault = { code: 'internal', message: 'late', isFinal: true }
  const writes = [
    () => db.transaction((tx) => holdLease(tx, stale, { done: 9, total: 9 })),
    () => db.transaction((tx) => completeJob(tx, stale)),
    () => failJob(db, stale, { fault, retryMs: 0 }),
    () => failJob(db, stale, { fault: { ...fault, isFinal: false }, retryMs: 0 }),
  ]
  for (const write of writes) await expect(write()).rejects.toThrow(LeaseLost)
  expect(await releaseJob(db, stale)).toBe(false)
  expect(await heartbeatJob(db, stale, 60_000)).toBe('lost')
  expect(await row('jobs', stale.id)).toMatchObject({
    status: 'running',
    lease_token: current?.leaseToken,
    progress_done: 0,
  })
  expect(await events(stale.id)).toEqual(['enqueued', 'started', 'lease_lost', 'started'])
})

test('a heartbeat keeps a lease from being taken back', async () => {
  const kind = newKind()
  const job = await leased(kind)
  await expire(job)
  expect(await heartbeatJob(db, job, 60_000)).toBe('held')
  await recoverExpiredLeases(db, 100)
  expect(await row('jobs', job.id)).toMatchObject({ lease_token: job.leaseToken })
})

test('progress never falls, whoever reports it', async () => {
  const job = await leased(newKind())
  const report = (done: number) => db.transaction((tx) => holdLease(tx, job, { done, total: 10 }))
  await report(6)
  await report(2)
  expect(await row('jobs', job.id)).toMatchObject({ progress_done: 6, progress_total: 10 })
})

test('a job that fails on every attempt is dead after exactly that many, with every error kept', async () => {
  const kind = newKind()
  const id = await enqueue({ kind, attemptsMax: 3 })
  const outcomes: string[] = []
  for (const code of ['first', 'second', 'third']) {
    const [job] = await lease(kind)
    if (!job) throw new Error(`not leased for the ${code} time`)
    const fault = { code, message: `${code} time`, isFinal: false }
    outcomes.push(await failJob(db, job, { fault, retryMs: 0 }))
  }
  expect(outcomes).toEqual(['retried', 'retried', 'dead'])
  expect(await lease(kind)).toEqual([])
  const dead = await row('job_history', id)
  expect(dead).toMatchObject({ status: 'dead', attempts: 3 })
  const errors = dead?.errors.map(({ attempt, code }: Record<string, unknown>) => [attempt, code])
  expect(errors).toEqual([
    [1, 'first'],
    [2, 'second'],
    [3, 'third'],
  ])
})

test('a job whose workers die each time is dead after its attempts', async () => {
  const kind = newKind()
  const id = await enqueue({ kind, attemptsMax: 2 })
  for (const ending of ['queued', 'dead']) {
    const [job] = await lease(kind)
    if (!job) throw new Error('nothing was leased')
    await expire(job)
    const recovered = await recoverExpiredLeases(db, 100)
    expect(recovered).toContainEqual({ tenantId, id, ending, code: 'lease_lost' })
  }
  expect((await row('job_history', id))?.errors).toHaveLength(2)
})

test('a job that is given back has lost no attempt', async () => {
  const kind = newKind()
  const job = await leased(kind)
  expect(await releaseJob(db, job)).toBe(true)
  expect(await lease(kind)).toMatchObject([{ id: job.id, attempts: 1 }])
})

test('a cancel ends a queued job at once and only asks a running one', async () => {
  const kind = newKind()
  const cancel = (id: string) => db.transaction((tx) => cancelJob(tx, { tenantId, id }))
  const waiting = await enqueue({ kind, delayMs: 60_000 })
  expect(await cancel(waiting)).toBe('cancelled')
  expect(await row('job_history', waiting)).toMatchObject({ status: 'cancelled' })
  expect(await cancel(waiting)).toBe('missing')
  const running = await leased(kind)
  expect(await cancel(running.id)).toBe('requested')
  expect(await heartbeatJob(db, running, 60_000)).toBe('cancel_requested')
})

test('a cancel asked of a worker that died is carried out by the recovery', async () => {
  const job = await leased(newKind())
  await db.transaction((tx) => cancelJob(tx, { tenantId, id: job.id }))
  await expire(job)
  await recoverExpiredLeases(db, 100)
  expect(await row('job_history', job.id)).toMatchObject({ status: 'cancelled' })
})

test('a job of another tenant cannot be cancelled', async () => {
  const other = await createTenant(db)
  const id = await enqueue({ kind: newKind() })
  expect(await db.transaction((tx) => cancelJob(tx, { tenantId: other.id, id }))).toBe('missing')
})
