// What is done to the queue; each fault prints one line and gives its ledger. Sizes are the caller's.
import { setTimeout as pause } from 'node:timers/promises'
import { sql } from 'drizzle-orm'
import { type LeasedJob, leaseJobs } from '../../db/system.ts'
import { completeJob } from '../../domain/jobs/lease.ts'
import { completeJobs } from '../../domain/jobs/lease-batches.ts'
import { LeaseLost } from '../../domain/jobs/outcome.ts'
import { eventually } from '../harness/eventually.ts'
import type { Host } from './queue-hosts.ts'
import type { Ledger } from './queue-ledger.ts'
import { type Batch, feed, kindOf, openQueue, type Queue, settle } from './queue-rehearsal.ts'
import type { Foreign } from './services.ts'

type Size = { times: number; hosts: number; jobs: number; leaseMs: number; fed: Batch }

const recoveryMs = 60_000

/** kill -9 of one worker after the other, each replaced at once. */
export async function killWorkers(server: Foreign, size: Size): Promise<Ledger> {
  const queue = await openQueue(server, { leaseMs: size.leaseMs })
  await queue.enqueue(size.jobs, size.fed.workMs)
  await queue.hosts.start(size.hosts)
  const stop = feed(queue, size.fed)
  for (let time = 0; time < size.times; time += 1) {
    await pause(200)
    await queue.hosts.replaceEldest(async (name) => {
      await queue.sql`insert into fault_kills (tenant_id, worker) values (${queue.tenantId}, ${name})`
    })
  }
  await stop()
  return settle(queue, 'kill', { kills: size.times })
}

/** SIGSTOP of a worker for longer than its leases, then SIGCONT: it goes on with jobs that are another's by now. */
export async function stopWorkers(server: Foreign, size: Size): Promise<Ledger> {
  // Work that is longer than a lease is under way in every place when the worker stops.
  const queue = await openQueue(server, { leaseMs: size.leaseMs, concurrency: 16 })
  await queue.enqueue(size.jobs, size.fed.workMs)
  await queue.hosts.start(size.hosts)
  const stop = feed(queue, size.fed)
  for (let time = 0; time < size.times; time += 1) {
    await pause(500)
    await freeze(queue.hosts.living.slice(0, -1), size.leaseMs + 1_500)
  }
  await stop()
  return settle(queue, 'stop', { stops: size.times * (size.hosts - 1) })
}

async function freeze(hosts: Host[], ms: number): Promise<void> {
  for (const { process } of hosts) process.kill('SIGSTOP')
  await pause(ms)
  for (const { process } of hosts) process.kill('SIGCONT')
}

/** Attempts that never beat and complete when their jobs are another's: one by one with an effect, or in a batch. */
export async function completeLate(server: Foreign, size: Size): Promise<Ledger> {
  const queue = await openQueue(server, { leaseMs: size.leaseMs })
  await queue.enqueue(size.jobs, 5)
  const stale = await leaseSilently(queue, size.jobs)
  await queue.hosts.start(size.hosts)
  const tokens = `{${[...new Set(stale.map(({ leaseToken }) => leaseToken))]}}`
  await eventually(
    'all of them were taken back',
    async () => {
      const rows = await queue.sql`select 1 from jobs
        where tenant_id = ${queue.tenantId} and lease_token = any(${tokens}::uuid[]) limit 1`
      return rows.length === 0
    },
    recoveryMs,
  )
  let accepted = 0
  for (const [index, lease] of stale.entries())
    if (await (index % 2 === 0 ? isAcceptedAlone : isAcceptedInBatch)(queue, lease)) accepted += 1
  if (accepted > 0) throw new Error(`${accepted} late completions were accepted.`)
  return settle(queue, 'late', { stalled: stale.length })
}

async function leaseSilently({ db, tenantId }: Queue, count: number): Promise<LeasedJob[]> {
  const name = kindOf(tenantId)
  const jobs: LeasedJob[] = []
  while (jobs.length < count) {
    const claim = { worker: 'silent', places: { [name]: 100 }, limit: 100, leaseMs: 500 }
    jobs.push(
      ...(await leaseJobs(db, { ...claim, afterTenantId: '00000000-0000-0000-0000-000000000000' })),
    )
  }
  return jobs
}

async function isAcceptedAlone({ db }: Queue, lease: LeasedJob): Promise<boolean> {
  const { tenantId, id, attempts } = lease
  try {
    await db.transaction(async (tx) => {
      await completeJob(tx, lease)
      await tx.execute(sql`insert into fault_effects (tenant_id, job_id, attempt, worker)
        values (${tenantId}, ${id}, ${attempts}, 'silent')`)
    })
    return true
  } catch (err) {
    if (err instanceof LeaseLost) return false
    throw err
  }
}

const isAcceptedInBatch = async ({ db }: Queue, lease: LeasedJob): Promise<boolean> =>
  (await completeJobs(db, [{ lease, result: null }])).missed.length === 0

/** All connections of the workers end, again and again. */
export async function terminateBackends(server: Foreign, size: Size): Promise<Ledger> {
  const queue = await openQueue(server, { leaseMs: size.leaseMs })
  await queue.enqueue(size.jobs, size.fed.workMs)
  await queue.hosts.start(size.hosts)
  const stop = feed(queue, size.fed)
  let ended = 0
  for (let time = 0; time < size.times; time += 1) {
    await pause(150)
    const rows = await queue.sql`select pg_terminate_backend(pid) from pg_stat_activity
      where application_name = 'octavo-fault-worker'`
    ended += rows.length
  }
  await stop()
  return settle(queue, 'terminate', { connections: ended })
}

/** kill -9 of the server, which replays its log. */
export async function killServer(server: Foreign, size: Size): Promise<Ledger> {
  const queue = await openQueue(server, { leaseMs: size.leaseMs })
  await queue.enqueue(size.jobs, size.fed.workMs)
  await queue.hosts.start(size.hosts)
  const stop = feed(queue, size.fed)
  for (let time = 0; time < size.times; time += 1) {
    await pause(1_000)
    process.kill(server.pid(), 'SIGKILL')
    await pause(300)
    await server.start()
  }
  await pause(500)
  await stop()
  return settle(queue, 'postgres', { kills: size.times })
}

/** Many more attempts than connections, each of which an effect keeps for long. */
export async function exhaustPool(server: Foreign, size: Size): Promise<Ledger> {
  const few = { concurrency: 48, poolMax: 2, effectMs: 100 }
  const queue = await openQueue(server, { leaseMs: size.leaseMs, ...few })
  await queue.enqueue(size.jobs, 10)
  await queue.hosts.start(size.hosts)
  return settle(queue, 'pool', {})
}
