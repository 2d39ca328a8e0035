import { eq, sql } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import { beforeAll, expect, test } from 'vitest'
import type { Db } from '../../db/client.ts'
import { documents } from '../../db/schema/index.ts'
import { type LeasedJob, leaseJobs, releaseDependents } from '../../db/system.ts'
import { storeDocument } from '../../test/fixtures/stored-document.ts'
import { claimOf } from '../../test/harness/claims.ts'
import { eventually } from '../../test/harness/eventually.ts'
import { openTestDatabase } from '../../test/harness/setup.ts'
import { memoryStorage } from '../../test/harness/storage.ts'
import { createTenant } from '../../test/harness/tenants.ts'
import { extractionJobKind } from '../documents/processing.ts'
import { listRunEvents } from './events.ts'
import { completeJob, failJob } from './lease.ts'
import { cancelJob, enqueueJob, type NewJob } from './queue.ts'
import { type Redrive, redriveJob, StepUnknown } from './redrive.ts'

let db: Db
let tenantId: string
let kinds = 0

beforeAll(async () => {
  db = (await openTestDatabase()).db
  tenantId = (await createTenant(db)).id
})

const newKind = () => `test.redrive-${++kinds}`
const enqueue = (job: Partial<NewJob> & { kind: string }) =>
  db.transaction((tx) => enqueueJob(tx, { tenantId, id: uuidv7(), ...job }))
const redrive = (of: Partial<Redrive> & { id: string }) =>
  db.transaction((tx) => redriveJob(tx, { tenantId, ...of }))
const fault = { code: 'internal', message: 'It broke.', isFinal: false }
const finalFault = { code: 'damaged', message: 'It is broken.', isFinal: true }

async function lease(kind: string): Promise<LeasedJob> {
  const [job] = await leaseJobs(db, claimOf(kind, { limit: 1 }))
  if (!job) throw new Error('nothing was leased')
  return job
}

/** Failed once, then again for good. */
async function deadJob(kind: string, job: Partial<NewJob> = {}): Promise<string> {
  const id = await enqueue({ kind, attemptsMax: 2, ...job })
  await failJob(db, await lease(kind), { fault, retryMs: 0 })
  expect(await failJob(db, await lease(kind), { fault, retryMs: 0 })).toBe('dead')
  return id
}

async function row(table: 'jobs' | 'job_history', id: string) {
  const { sql: driver } = await openTestDatabase()
  const [found] = await driver`
    select * from ${driver(table)} where tenant_id = ${tenantId} and id = ${id}`
  return found
}

const events = (jobId: string) =>
  listRunEvents(db, {
    tenantId,
    jobId,
    after: '00000000-0000-0000-0000-000000000000',
    limit: 100,
  })

test('a dead job goes back with its id, errors and events, and its attempts count on', async () => {
  const kind = newKind()
  const id = await deadJob(kind, { payload: { a: 1 }, priority: 3, dedupeKey: 'one' })
  const before = { row: await row('job_history', id), events: await events(id) }
  expect(await redrive({ id, attempts: 2 })).toBe('queued')
  const after = await row('jobs', id)
  expect(after).toMatchObject({
    ...{ status: 'queued', attempts: 2, attempts_max: 4, dedupe_key: null, progress_done: 0 },
    ...{ payload: { a: 1 }, priority: 3, errors: before.row?.errors },
    version: before.row?.version + 1,
  })
  expect(await row('job_history', id)).toBeUndefined()
  const story = await events(id)
  expect(story.slice(0, -1)).toEqual(before.events)
  expect(story.at(-1)).toMatchObject({ type: 'redriven', data: { attempts_max: 4 } })
  expect(await lease(kind)).toMatchObject({ id, attempts: 3 })
  expect((await events(id)).slice(0, -2)).toEqual(before.events)
})

test('a story stays whole and in order over several ends', async () => {
  const kind = newKind()
  const id = await deadJob(kind)
  await redrive({ id })
  await failJob(db, await lease(kind), { fault: finalFault, retryMs: 0 })
  await redrive({ id })
  const job = await lease(kind)
  await db.transaction((tx) => completeJob(tx, job))
  const story = await events(id)
  expect(story.map(({ type, data }) => `${type} ${data.attempt ?? ''}`.trim())).toEqual([
    ...['enqueued', 'started 1', 'retried 1', 'started 2', 'dead 2', 'redriven'],
    ...['started 3', 'failed 3', 'redriven', 'started 4', 'completed 4'],
  ])
  expect((await row('job_history', id))?.errors).toHaveLength(3)
})

test('a job that was cancelled before its first attempt, or between two, can be redriven', async () => {
  const kind = newKind()
  const fresh = await enqueue({ kind, delayMs: 60_000 })
  const failing = await enqueue({ kind })
  await failJob(db, await lease(kind), { fault, retryMs: 60_000 })
  for (const id of [fresh, failing]) {
    await db.transaction((tx) => cancelJob(tx, { tenantId, id }))
    expect(await redrive({ id })).toBe('queued')
  }
  const types = async (id: string) => (await events(id)).map(({ type }) => type)
  expect(await types(fresh)).toEqual(['enqueued', 'cancelled', 'redriven'])
  const story = ['enqueued', 'started', 'retried', 'cancelled', 'redriven']
  expect(await types(failing)).toEqual(story)
  expect(new Set([(await lease(kind)).id, (await lease(kind)).id])).toEqual(
    new Set([fresh, failing]),
  )
})

test('what has not ended, has completed, is missing or another tenant’s is left alone', async () => {
  const kind = newKind()
  const id = await enqueue({ kind })
  expect(await redrive({ id })).toBe('not_ended')
  const job = await lease(kind)
  expect(await redrive({ id })).toBe('not_ended')
  await db.transaction((tx) => completeJob(tx, job))
  expect(await redrive({ id })).toBe('completed')
  expect(await row('job_history', id)).toMatchObject({ status: 'completed' })
  expect(await redrive({ id: uuidv7() })).toBe('missing')
  const dead = await deadJob(kind)
  const other = await createTenant(db)
  expect(await redrive({ id: dead, tenantId: other.id })).toBe('missing')
  expect(await row('job_history', dead)).toMatchObject({ status: 'dead' })
})

test('of several redrives at once one wins, and the job runs once', async () => {
  const kind = newKind()
  const id = await deadJob(kind)
  const answers = await Promise.all([1, 2, 3].map(() => redrive({ id })))
  expect(answers.sort()).toEqual(['not_ended', 'not_ended', 'queued'])
  expect(await leaseJobs(db, claimOf(kind))).toHaveLength(1)
  expect((await events(id)).filter(({ type }) => type === 'redriven')).toHaveLength(1)
})

test('a redrive that meets another one before its commit does not count as one', async () => {
  const id = await deadJob(newKind())
  let second: Promise<unknown> | undefined
  await db.transaction(async (tx) => {
    expect(await redriveJob(tx, { tenantId, id })).toBe('queued')
    second = redrive({ id })
    await eventually('the second waits for the first', async () => {
      const [row] = await db.execute<{
        waits: boolean
      }>(sql`select exists (select from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock') as waits`)
      return row?.waits
    })
  })
  expect(await second).toBe('not_ended')
})

test('no attempt at all is refused: such a job would stop every claim of its kind', async () => {
  const id = await deadJob(newKind())
  for (const attempts of [0, -1, Number.NaN])
    await expect(redrive({ id, attempts })).rejects.toThrow(RangeError)
  expect(await row('job_history', id)).toMatchObject({ status: 'dead' })
})

test('the document whose current job it is waits again; that of a later job does not', async () => {
  const tenant = await createTenant(db)
  const stored = { tenant, bytes: new Uint8Array(1) }
  const document = await storeDocument({ db, storage: memoryStorage() }, stored)
  const of = { tenantId: tenant.id, id: document.jobId }
  const state = async () =>
    (await db.select().from(documents).where(eq(documents.tenantId, tenant.id)))[0]
  const failOnce = async () =>
    failJob(db, await lease(extractionJobKind), { fault: finalFault, retryMs: 0 })
  await failOnce()
  const failed = await state()
  expect(failed).toMatchObject({ status: 'failed', failureCode: 'damaged' })
  await redrive(of)
  const again = { status: 'pending', failureCode: null, failureMessage: null }
  expect(await state()).toMatchObject({ ...again, version: (failed?.version ?? 0) + 1 })
  await failOnce()
  await db.update(documents).set({ jobId: uuidv7() }).where(eq(documents.tenantId, tenant.id))
  await redrive(of)
  expect(await state()).toMatchObject({ status: 'failed', failureCode: 'damaged' })
})

test('who has not been told of the end goes on waiting for the redriven job', async () => {
  const kind = newKind()
  const id = await enqueue({ kind, attemptsMax: 1 })
  const waiting = await enqueue({ kind: newKind(), dependsOn: [id] })
  await failJob(db, await lease(kind), { fault, retryMs: 0 })
  await redrive({ id })
  await releaseDependents(db, 1_000)
  expect(await row('jobs', waiting)).toMatchObject({ status: 'waiting', dependencies_open: 1 })
  const job = await lease(kind)
  await db.transaction((tx) => completeJob(tx, job))
  await releaseDependents(db, 1_000)
  expect(await row('jobs', waiting)).toMatchObject({ status: 'queued', dependencies_open: 0 })
})

const step = (name: string) => ({
  ...{ name, attempt: 1, output: null },
  ...{ started_at: '2026-01-01T00:00:00Z', finished_at: '2026-01-01T00:00:01Z' },
})

test.each<[string | undefined, string[]]>([
  [undefined, ['fetch', 'parse', 'store']],
  ['parse', ['fetch']],
  ['fetch', []],
  ['publish', ['fetch', 'parse', 'store']], // the one that failed
])('from step %s on, finished steps are dropped: %j stay', async (fromStep, left) => {
  const kind = newKind()
  const id = await deadJob(kind)
  const steps = JSON.stringify(['fetch', 'parse', 'store'].map(step))
  const failed = JSON.stringify([{ step: 'publish' }])
  await db.execute(sql`
    update job_history set steps = ${steps}::jsonb, errors = errors || ${failed}::jsonb
    where tenant_id = ${tenantId} and id = ${id}`)
  expect(await redrive({ id, ...(fromStep && { fromStep }) })).toBe('queued')
  expect((await lease(kind)).steps.map(({ name }) => name)).toEqual(left)
})

test('a step that the job never began is refused, and the job stays ended', async () => {
  const id = await deadJob(newKind())
  await expect(redrive({ id, fromStep: 'unheard of' })).rejects.toThrow(StepUnknown)
  expect(await row('job_history', id)).toMatchObject({ status: 'dead' })
})
