import { sql as raw } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { leaseJobs, recoverExpiredLeases } from '../../db/system.ts'
import type { LeasedJob } from '../../db/system-jobs.ts'
import { refreshJobKind } from '../../domain/conferences/refresh-order.ts'
import { completeJob } from '../../domain/jobs/lease.ts'
import { JobReleased, LeaseLost } from '../../domain/jobs/outcome.ts'
import { outgoingOf } from '../../local-runtime/outgoing/request.ts'
import { conferenceYaml } from '../../test/fixtures/conferences.ts'
import { outputOf, refreshing, startSource } from '../../test/fixtures/refreshing.ts'
import { stackHome, startWorkerProgram, stopProgram } from '../../test/fixtures/worker-program.ts'
import { claimOf } from '../../test/harness/claims.ts'
import { eventually } from '../../test/harness/eventually.ts'
import { bodyOf } from '../../test/harness/requests.ts'
import type { JobContext } from '../_shared/ports/jobs.ts'
import { refresh } from './refresh.ts'

const dueOn = (day: string) =>
  conferenceYaml([{ year: 2027, rounds: [{ paper: `2027-06-${day} 23:59:59` }] }])
const instantOf = (day: number) => [`2027-06-${day + 1}T11:59:59.000Z`]

/** Attempts that the test itself begins, as a worker would. */
async function attempts(text = dueOn('11')) {
  const world = await refreshing()
  const { db, sql, tenant } = world
  const source = await startSource(text)
  const lease = async (): Promise<LeasedJob> => {
    const [job] = await leaseJobs(db, claimOf(refreshJobKind, { limit: 1 }))
    if (job?.tenantId !== tenant.id) throw new Error('no job of this tenant was leased')
    return job
  }
  const takeBack = async ({ id }: LeasedJob) => {
    await sql`update jobs set lease_expires_at = clock_timestamp() - interval '1 s'
      where tenant_id = ${tenant.id} and id = ${id} and status = 'running'`
    await recoverExpiredLeases(db, 100)
  }
  /** One that ends when its files are read: what was fetched is kept. */
  const fetchOnly = async (job: LeasedJob) => {
    const stopping = new AbortController()
    const progress = () => stopping.abort(new JobReleased())
    const context = world.contextOf(job, { progress, signal: stopping.signal })
    await expect(refresh(context)).rejects.toBeInstanceOf(JobReleased)
    await takeBack(job)
  }
  const finish = async (job: LeasedJob) => {
    const { result } = await refresh(world.contextOf(job))
    await db.transaction((tx) => completeJob(tx, job, result))
    return world.ended(job.id)
  }
  const changes = async () =>
    (await bodyOf<{ items: unknown[] }>(await world.get('/changes?limit=100'))).items
  const rest = async () => {
    const rows = await sql`select job_id from conference_fetches where tenant_id = ${tenant.id}`
    return rows.map((row) => row.job_id as string)
  }
  return { ...world, ...source, lease, takeBack, fetchOnly, finish, all: changes, rest }
}

test('an attempt that dies before the import fetches nothing twice', async () => {
  const { ask, url, lease, fetchOnly, finish, received, deadlines, rest } = await attempts()
  const id = await ask(url)
  await fetchOnly(await lease())
  expect([await deadlines(), await rest()]).toEqual([[], [id]])
  const ended = await finish(await lease())
  expect(ended.steps.find(({ name }) => name === 'fetch')?.attempt).toBe(1)
  expect(ended.steps.find(({ name }) => name === 'import')?.attempt).toBe(2)
  expect(received).toHaveLength(1)
  expect([await deadlines(), await rest()]).toEqual([instantOf(11), []])
})

test('an attempt that dies after the import imports nothing twice', async () => {
  const { ask, url, lease, takeBack, finish, all, contextOf, get } = await attempts()
  await ask(url)
  const job = await lease()
  await refresh(contextOf(job))
  await takeBack(job)
  const before = await bodyOf(await get('/'))
  const ended = await finish(await lease())
  expect(outputOf(ended, 'report')).toMatchObject({ totals: { created: 1 }, changes_count: 1 })
  expect(await all()).toHaveLength(1)
  expect(await bodyOf(await get('/'))).toEqual(before)
})

test('an attempt whose job went to somebody else while it fetched keeps nothing', async () => {
  const { ask, url, lease, takeBack, finish, contextOf, rest, deadlines, received } =
    await attempts()
  await ask(url)
  const job = await lease()
  const outgoing: JobContext['host']['outgoing'] = async (request) => {
    const reply = await outgoingOf()(request)
    await takeBack(job)
    return reply
  }
  const late = refresh(contextOf(job, { host: { outgoing } as never }))
  await expect(late).rejects.toBeInstanceOf(LeaseLost)
  expect(await rest()).toEqual([])
  await finish(await lease())
  expect([await deadlines(), received.length]).toEqual([instantOf(11), 2])
})

test('a worker that is killed in the midst of an import leaves nothing of it, and another does all of it', async () => {
  const { ask, url, lease, fetchOnly, ended, all, deadlines, db, sql, tenant, startWorker } =
    await attempts()
  const id = await ask(url)
  await fetchOnly(await lease())
  const home = await stackHome()
  const env = { CONFERENCES_ALLOW_PRIVATE: 'true' }
  await db.transaction(async (tx) => {
    // The last that an import writes: all else is written by then.
    await tx.execute(
      raw`select 1 from conference_fetches where tenant_id = ${tenant.id} for update`,
    )
    const worker = await startWorkerProgram(home, env)
    await eventually('the import waits for this transaction', async () => {
      await tx.execute(raw`select 1`) // one that is idle for long is ended
      const [row] = await sql`select count(*)::int as n from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock' and query like '%conference_fetches%'`
      return row?.n > 0
    })
    await stopProgram(worker, 'SIGKILL')
  })
  expect([await deadlines(), (await all()).length]).toEqual([[], 0])
  startWorker()
  expect((await ended(id)).status).toBe('completed')
  expect([await deadlines(), (await all()).length]).toEqual([instantOf(11), 1])
})

test('of refreshes at once each change is told once', async () => {
  const { ask, url, ended, startWorker, all, deadlines } = await attempts()
  const ids = await Promise.all([0.1, 0.2, 0.3, 0.4].map((share) => ask(url, { floor: { share } })))
  expect(new Set(ids).size).toBe(4)
  startWorker({ concurrency: 4 })
  const all4 = await Promise.all(ids.map(ended))
  expect(all4.map(({ status }) => status)).toEqual(Array(4).fill('completed'))
  expect([await deadlines(), (await all()).length]).toEqual([instantOf(11), 1])
})

test('what was fetched earlier does not undo what was imported since', async () => {
  const { ask, url, serve, lease, fetchOnly, finish, deadlines, run, startWorker } =
    await attempts()
  await ask(url)
  await fetchOnly(await lease())
  const early = await lease()
  serve(dueOn('18'))
  const { drain } = startWorker()
  await run(url, { on_stale: 'warn' })
  await drain()
  const ended = await finish(early)
  expect(outputOf(ended, 'report')).toMatchObject({ is_superseded: true })
  expect(await deadlines()).toEqual(instantOf(18))
})

test('what no run will ask for any more is forgotten with the next fetch', async () => {
  const { ask, url, serve, ended, startWorker, rest } = await attempts('[]')
  startWorker()
  const failed = await ask(url)
  expect((await ended(failed)).status).toBe('failed')
  expect(await rest()).toEqual([failed])
  serve(dueOn('11'))
  await ended(await ask(url))
  expect(await rest()).toEqual([])
})
