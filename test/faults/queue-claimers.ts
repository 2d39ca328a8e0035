import { randomInt } from 'node:crypto'
import { sql } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import { type Database, type Db, openDatabase } from '../../db/client.ts'
import { type LeasedJob, leaseJobs, recoverExpiredLeases } from '../../db/system.ts'
import { releaseJob } from '../../domain/jobs/lease.ts'
import { completeJobs } from '../../domain/jobs/lease-batches.ts'
import { enqueueJobs } from '../../domain/jobs/queue.ts'
import { claimOf } from '../harness/claims.ts'
import { testDatabase } from '../harness/database.ts'
import { createTenant } from '../harness/tenants.ts'

const batchMax = 5_000
const connectionsEach = 8

/** What the claimers saw, by the log of their leases. */
export type Claims = { jobs: number; leases: number; done: number; twice: number; claimers: number }

export async function enqueueMany(
  db: Db,
  tenantId: string,
  kind: string,
  count: number,
): Promise<void> {
  for (let left = count; left > 0; left -= batchMax)
    await enqueueJobs(
      db,
      Array.from({ length: Math.min(left, batchMax) }, () => ({ tenantId, id: uuidv7(), kind })),
    )
}

async function openPools(claimers: number): Promise<Database[]> {
  const { url } = await testDatabase()
  return Array.from({ length: Math.ceil(claimers / connectionsEach) }, () =>
    openDatabase({
      ...{ url, poolMax: connectionsEach, prepare: true, applicationName: 'octavo-claimers' },
      ...{ statementTimeoutMs: 60_000, connectTimeoutMs: 10_000 },
    }),
  )
}

/** So many claimers at once lease all jobs, give some of them back, and complete the rest. */
export async function raceClaimers(size: { claimers: number; jobs: number }): Promise<Claims> {
  const pools = await openPools(size.claimers)
  const [first] = pools
  if (!first) throw new Error('There are no claimers.')
  const kind = uuidv7()
  const tenants = await Promise.all([createTenant(first.db), createTenant(first.db)])
  for (const { id } of tenants) await enqueueMany(first.db, id, kind, size.jobs / tenants.length)
  const log = new LeaseLog()
  const claim = (_: unknown, index: number) =>
    claimAll(pools[index % pools.length]?.db ?? first.db, kind, log)
  await Promise.all(Array.from({ length: size.claimers }, claim))
  const [row] = await first.db.execute<{
    done: number
  }>(sql`select count(*)::int as done from job_history
    where tenant_id = any(${`{${tenants.map(({ id }) => id)}}`}::uuid[]) and status = 'completed'`)
  await Promise.all(pools.map((pool) => pool.close()))
  const claims = { ...size, leases: log.leases, done: row?.done ?? 0, twice: log.twice }
  console.log(
    Object.entries(claims)
      .map(([name, value]) => `${name}=${value}`)
      .join(' '),
  )
  return claims
}

/** Who holds what, as the claimers know it: let go before the queue is told, taken after it has answered. */
class LeaseLog {
  private readonly held = new Set<string>()
  leases = 0
  twice = 0

  take(jobs: readonly LeasedJob[]): void {
    this.leases += jobs.length
    for (const { id } of jobs) {
      if (this.held.has(id)) this.twice += 1
      this.held.add(id)
    }
  }

  letGo(jobs: readonly LeasedJob[]): void {
    for (const { id } of jobs) this.held.delete(id)
  }
}

async function claimAll(db: Db, kind: string, log: LeaseLog): Promise<void> {
  for (;;) {
    const jobs = await leaseJobs(db, claimOf(kind, { limit: randomInt(1, 60) }))
    log.take(jobs)
    if (jobs.length === 0) return
    const back = jobs.slice(0, randomInt(0, 2))
    log.letGo(jobs)
    for (const job of back) await releaseJob(db, job)
    const rest = jobs.slice(back.length)
    if (rest.length > 0)
      await completeJobs(
        db,
        rest.map((lease) => ({ lease, result: null })),
      )
  }
}

/** Expired leases behind live ones. @returns how many of each were taken back, and in how many rounds */
export async function recoverBehind(size: { live: number; expired: number }) {
  const [pool] = await openPools(1)
  if (!pool) throw new Error('There is no pool.')
  const { db } = pool
  const { id: tenantId } = await createTenant(db)
  const [live, dead] = [uuidv7(), uuidv7()]
  for (const [kind, count, leaseMs] of [
    [live, size.live, 600_000],
    [dead, size.expired, 1],
  ] as const) {
    await enqueueMany(db, tenantId, kind, count)
    for (let left = count; left > 0; left -= 1_000)
      await leaseJobs(db, claimOf(kind, { limit: 1_000, leaseMs }))
  }
  const back = new Set<string>()
  let rounds = 0
  for (let found = 1; found > 0; rounds += 1) {
    const recovered = await recoverExpiredLeases(db, 500)
    found = recovered.length
    for (const { id } of recovered) back.add(id)
  }
  const [row] = await db.execute<{ alive: number }>(sql`select count(*)::int as alive from jobs
    where tenant_id = ${tenantId} and kind = ${live} and status = 'running'`)
  await pool.close()
  const outcome = { ...size, taken_back: back.size, still_live: row?.alive ?? 0, rounds }
  console.log(
    Object.entries(outcome)
      .map(([name, value]) => `${name}=${value}`)
      .join(' '),
  )
  return outcome
}
