import { uuidv7 } from 'uuidv7'
import { beforeAll, expect, test } from 'vitest'
import { leaseJobs, promoteDueJobs } from '../../db/system.ts'
import { claimOf } from '../../test/harness/claims.ts'
import { openTestDatabase } from '../../test/harness/setup.ts'
import { createTenant } from '../../test/harness/tenants.ts'
import { bulkJobsMax, copyJobs } from './bulk.ts'
import { enqueueAndRing, jobsChannel } from './queue.ts'

type World = Awaited<ReturnType<typeof openTestDatabase>>
let db: World['db']
let sql: World['sql']
let tenantId: string
beforeAll(async () => {
  const world = await openTestDatabase()
  db = world.db
  sql = world.sql
  tenantId = (await createTenant(db)).id
})

const count = async (kind: string) => {
  const [row] =
    await sql`select count(*)::int as count from jobs where tenant_id = ${tenantId} and kind = ${kind}`
  return row?.count
}

test('copied jobs are leased with everything they were given', async () => {
  const kind = uuidv7()
  const job = {
    ...{ tenantId, kind, id: uuidv7(), subjectId: uuidv7(), userId: uuidv7(), batchId: uuidv7() },
    ...{ priority: 3, attemptsMax: 2, runMsMax: 9_000, requestId: 'a\tb\\c' },
    payload: { text: 'tab\t, "quote", \\back, line\nbreak, \r, {curly}, \\N, ünï' },
  }
  await copyJobs(sql, [job])
  const { batchId, ...expected } = job
  expect(await leaseJobs(db, claimOf(kind))).toMatchObject([expected])
  const [row] =
    await sql`select batch_id from jobs where tenant_id = ${tenantId} and id = ${job.id}`
  expect(row?.batch_id).toBe(batchId)
})

test('a copied job with a time waits for it, and for the past it is queued at once', async () => {
  const kind = uuidv7()
  const [past, future] = [uuidv7(), uuidv7()]
  await copyJobs(sql, [
    { tenantId, kind, id: past, runAt: new Date(Date.now() - 60_000) },
    { tenantId, kind, id: future, runAt: new Date(Date.now() + 3_600_000) },
  ])
  await promoteDueJobs(db, 1_000)
  expect((await leaseJobs(db, claimOf(kind))).map(({ id }) => id)).toEqual([past])
})

test('of a copy with one faulty job nothing is queued, and the connection serves on', async () => {
  const kind = uuidv7()
  const id = uuidv7()
  const list = [id, uuidv7(), id].map((each) => ({ tenantId, kind, id: each }))
  await expect(copyJobs(sql, list)).rejects.toMatchObject({ code: '23505' })
  expect(await count(kind)).toBe(0)
})

test.each([
  ['an id that is none', { id: 'x'.repeat(36) }, TypeError],
  ['a tenant that is none', { tenantId: '' }, TypeError],
  ['no time', { runAt: new Date(Number.NaN) }, RangeError],
  ['a priority out of range', { priority: 40_000 }, RangeError],
  ['half an attempt', { attemptsMax: 1.5 }, RangeError],
])('of a copy with %s nothing is queued, and the connection serves on', async (_, fault, error) => {
  const kind = uuidv7()
  const good = Array.from({ length: 2_000 }, () => ({ tenantId, kind, id: uuidv7() }))
  const list = [...good, { tenantId, kind, id: uuidv7(), ...fault }]
  await expect(copyJobs(sql, list)).rejects.toThrow(error)
  expect(await count(kind)).toBe(0)
})

test('jobs that are copied together keep their order, in every batch of a claim', async () => {
  const kind = uuidv7()
  const list = Array.from({ length: 2_500 }, () => ({ tenantId, kind, id: uuidv7() })).reverse()
  await copyJobs(sql, list)
  const leased: string[] = []
  for (let taken = -1; taken !== 0; ) {
    const jobs = await leaseJobs(db, claimOf(kind, { limit: 700 }))
    leased.push(...jobs.map(({ id }) => id))
    taken = jobs.length
  }
  expect(leased).toEqual(list.map(({ id }) => id))
})

test('times before and after the year 2000 are copied as they are', async () => {
  const kind = uuidv7()
  const times = ['1969-07-20T20:17:40.123Z', '1999-12-31T23:59:59.999Z', '2038-01-19T03:14:08.001Z']
  await copyJobs(
    sql,
    times.map((at) => ({ tenantId, kind, id: uuidv7(), runAt: new Date(at) })),
  )
  const rows =
    await sql`select run_at from jobs where tenant_id = ${tenantId} and kind = ${kind} order by run_at`
  expect(rows.map(({ run_at }) => new Date(run_at).toISOString())).toEqual(times)
})

test('many chunks are one copy', async () => {
  const kind = uuidv7()
  const payload = { text: 'x'.repeat(2_000) }
  const list = Array.from({ length: 1_000 }, () => ({ tenantId, kind, id: uuidv7(), payload }))
  await copyJobs(sql, list)
  expect(await count(kind)).toBe(1_000)
})

test('more jobs than a copy takes are refused before anything is sent', async () => {
  const kind = uuidv7()
  const list = Array.from({ length: bulkJobsMax + 1 }, () => ({ tenantId, kind, id: tenantId }))
  await expect(copyJobs(sql, list)).rejects.toThrow(RangeError)
  expect(await count(kind)).toBe(0)
})

test('jobs that ring are heard of as soon as they are there', async () => {
  const kind = uuidv7()
  const heard = Promise.withResolvers<string>()
  const { unlisten } = await sql.listen(jobsChannel, heard.resolve)
  const id = uuidv7()
  expect(await enqueueAndRing(db, [{ tenantId, id, kind }])).toEqual([id])
  expect(await heard.promise).toBe('queued')
  expect(await leaseJobs(db, claimOf(kind))).toMatchObject([{ id }])
  await unlisten()
})
