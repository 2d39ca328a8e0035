import { and, eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import type { Db } from '../../db/client.ts'
import { apiKeys, jobs, jobTenantLimits, jobWorkers } from '../../db/schema/index.ts'
import { eventually } from '../../test/harness/eventually.ts'
import { type Job, kind, type Leased, setupJobs, shown } from '../../test/harness/jobs-over-http.ts'
import { openTestDatabase } from '../../test/harness/setup.ts'

type Jobs = { jobs: Leased[] }
const waiting = { kinds: [kind], worker: 'w', wait_ms: 20_000 }
const as = 'worker'

test('a worker that waits gets the job that is queued meanwhile', async () => {
  const { post, enqueue } = await setupJobs()
  const reply = post('/v1/jobs/lease', waiting, { as })
  const { id } = await enqueue()
  const [status, { jobs }] = await shown<Jobs>(await reply)
  expect([status, jobs.map((job) => job.id)]).toEqual([200, [id]])
})

test('a worker that waits for nothing gets an empty list, in time for the deadline of its request', async () => {
  const { post } = await setupJobs({ config: { requestTimeoutMs: 2_300 } })
  expect(await shown(await post('/v1/jobs/lease', waiting, { as }))).toEqual([200, { jobs: [] }])
})

test('a worker that goes away while it waits gets no job', async () => {
  const { askWith, enqueue, read, logLines } = await setupJobs()
  const gone = new AbortController()
  const reply = askWith(gone.signal, waiting)
  gone.abort()
  expect(await shown(await reply)).toEqual([200, { jobs: [] }])
  const { id } = await enqueue()
  expect(await read(id)).toMatchObject({ status: 'queued', attempts: 0 })
  expect(logLines.filter(({ level }) => level === 'error')).toEqual([])
})

test('a job that is leased in the moment in which its worker goes away is given back unharmed', async () => {
  const gone = new AbortController()
  const { db } = await openTestDatabase()
  const { askWith, enqueue, read } = await setupJobs({
    deps: { db: afterClaim(db, () => gone.abort()) },
  })
  const { id } = await enqueue()
  const reply = await askWith(gone.signal, waiting)
  expect(await shown(reply)).toEqual([200, { jobs: [] }])
  expect(await read(id)).toMatchObject({ status: 'queued', attempts: 0 })
})

/** The same database, which says when a claim has brought a job. */
function afterClaim(db: Db, tell: () => void): Db {
  return new Proxy(db, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      if (name !== 'execute') return value.bind(target)
      return async (...args: Parameters<Db['execute']>) => {
        const rows = await target.execute(...args)
        if (rows.some((row) => 'xmin' in row)) tell()
        return rows
      }
    },
  })
}

test('of several who ask at once, each job goes to one', async () => {
  const { enqueue, lease } = await setupJobs()
  const made = await Promise.all(Array.from({ length: 20 }, () => enqueue()))
  const leased = await Promise.all(Array.from({ length: 8 }, () => lease({ limit: 4 })))
  const ids = leased.flat().map(({ id }) => id)
  expect(ids.toSorted()).toEqual(made.map(({ id }) => id).toSorted())
})

test('the largest priority goes first, of equals the oldest, and other kinds stay', async () => {
  const { enqueue, lease } = await setupJobs()
  const low = await enqueue()
  const other = await enqueue({ kind: 'reports.other' })
  const high = await enqueue({ priority: 5 })
  expect((await lease({ limit: 10 })).map(({ id }) => id)).toEqual([high.id, low.id])
  const [left] = await lease({ kinds: ['reports.none', 'reports.other'] })
  expect(left?.id).toBe(other.id)
})

test("another tenant's jobs are not leased", async () => {
  const { otherTenant, lease, enqueue } = await setupJobs()
  await otherTenant.post('/v1/jobs', { kind, priority: 9 })
  const { id } = await enqueue()
  expect((await lease({ limit: 10 })).map((job) => job.id)).toEqual([id])
})

test('a lease lasts as long as was asked for, and no longer than an attempt may', async () => {
  const { enqueue, leaseOne, db, tenant } = await setupJobs()
  await enqueue()
  await enqueue({ run_ms_max: 5_000 })
  const times = [await leaseOne({ lease_ms: 30_000 }), await leaseOne({ lease_ms: 30_000 })]
  const rows = await db.select().from(jobs).where(eq(jobs.tenantId, tenant.id)).orderBy(jobs.id)
  const lasts = rows.map((row) => Number(row.leaseExpiresAt) - Number(row.leasedAt))
  expect(lasts).toEqual([30_000, 5_000])
  expect(times.map((job) => job.lease_expires_at)).toEqual(
    rows.map((row) => row.leaseExpiresAt?.toISOString()),
  )
})

test('a limit holds also when several workers ask at once, and a pause lets none begin', async () => {
  const { db, tenant, enqueue, lease } = await setupJobs()
  await db.insert(jobTenantLimits).values({ tenantId: tenant.id, kind, runningMax: 3 })
  await Promise.all(Array.from({ length: 10 }, () => enqueue()))
  const leased = await Promise.all(Array.from({ length: 4 }, () => lease({ limit: 2 })))
  expect(leased.flat()).toHaveLength(3)
  await db
    .update(jobTenantLimits)
    .set({ kind: '*', runningMax: null, pausedAt: new Date() })
    .where(eq(jobTenantLimits.tenantId, tenant.id))
  await enqueue({ kind: 'reports.other' })
  expect(await lease({ kinds: ['reports.other'] })).toEqual([])
})

test('lanes with a limit and those without one are both served', async () => {
  const { db, tenant, enqueue, lease, post } = await setupJobs()
  await db.insert(jobTenantLimits).values({ tenantId: tenant.id, kind, runningMax: 1 })
  await enqueue()
  const other = { kind: 'reports.other' }
  await post('/v1/jobs/bulk', { jobs: Array.from({ length: 60 }, () => other) })
  // Drawn by lot: that it goes to the other lane 40 times is as good as impossible.
  const kinds = new Set<string>()
  for (let count = 0; count < 40 && !kinds.has(kind); count++)
    for (const job of await lease({ kinds: [other.kind, kind] })) kinds.add(job.kind)
  expect(kinds).toContain(kind)
})

test.each([
  [{ kinds: ['documents.extract'] }, '/kinds/0'],
  [{ kinds: [] }, '/kinds'],
  [{ limit: 101 }, '/limit'],
  [{ wait_ms: 20_001 }, '/wait_ms'],
  [{ lease_ms: 999 }, '/lease_ms'],
  [{ worker: ' ' }, '/worker'],
])('a request for leases with %o is refused', async (more, pointer) => {
  const { post } = await setupJobs()
  const body = { kinds: [kind], worker: 'w', ...more }
  const [status, problem] = await shown(await post('/v1/jobs/lease', body, { as }))
  expect([status, problem.errors?.[0]?.pointer]).toEqual([422, pointer])
})

test('only workers and admins take jobs', async () => {
  const { post, enqueue } = await setupJobs()
  await enqueue()
  for (const role of ['viewer', 'editor', 'ingest'] as const)
    expect((await post('/v1/jobs/lease', waiting, { as: role })).status).toBe(403)
  expect((await post('/v1/jobs/lease', waiting, { as: 'admin' })).status).toBe(200)
})

test('a key that is revoked while it waits gets no job', async () => {
  const { post, db, tenant, clock, enqueue, read } = await setupJobs()
  const reply = post('/v1/jobs/lease', waiting, { as })
  // Noted beside its first claim: from then on it waits.
  const noted = () => db.$count(jobWorkers, eq(jobWorkers.tenantId, tenant.id))
  await eventually('it waits', async () => (await noted()) === 1)
  const mine = and(eq(apiKeys.tenantId, tenant.id), eq(apiKeys.id, tenant.keyIds.worker))
  await db.update(apiKeys).set({ revokedAt: clock.now() }).where(mine)
  clock.advance(1_000)
  const [status, problem] = await shown(await reply)
  expect([status, problem.code]).toEqual([401, 'unauthorized'])
  const { id } = await enqueue()
  expect(await read(id)).toMatchObject({ status: 'queued' })
})

test('a key has only so many requests waiting, and the others are told to come back', async () => {
  const { askWith } = await setupJobs()
  const gone = new AbortController()
  const ask = (body: object) => askWith(gone.signal, body)
  const all = Array.from({ length: 51 }, () => ask(waiting))
  const refused = await Promise.race(all)
  expect(refused.status).toBe(429)
  expect(refused.headers.get('retry-after')).not.toBeNull()
  expect((await ask({ ...waiting, wait_ms: 0 })).status).toBe(200)
  gone.abort()
  const statuses = (await Promise.all(all)).map(({ status }) => status)
  expect(statuses.filter((status) => status === 200)).toHaveLength(50)
  expect((await ask({ ...waiting, wait_ms: 0 })).status).toBe(200)
})

test('a repeat with its Idempotency-Key gets the same leases, not others', async () => {
  const { post, enqueue } = await setupJobs()
  await enqueue()
  await enqueue()
  const ask = () =>
    post('/v1/jobs/lease', waiting, { as, headers: { 'idempotency-key': 'lost-reply' } })
  const first = await shown<Jobs>(await ask())
  expect(first[1].jobs).toHaveLength(1)
  expect(await shown<Jobs>(await ask())).toEqual(first)
})

test('who asks for jobs is noted with what it would take', async () => {
  const { db, tenant, lease } = await setupJobs()
  await lease({ worker: 'renderer-1', limit: 4 })
  const rows = await db.select().from(jobWorkers).where(eq(jobWorkers.tenantId, tenant.id))
  expect(rows).toMatchObject([{ name: 'renderer-1', kinds: { [kind]: { places: 4 } } }])
  expect(Number(rows[0]?.aliveUntil)).toBeGreaterThan(Number(rows[0]?.seenAt))
})

test('an admin sees in the job who has it', async () => {
  const { begin, read } = await setupJobs()
  const { id } = await begin()
  const job: Job = await read(id)
  expect(job).toMatchObject({ status: 'running', leased_by: 'w', attempts: 1 })
})
