import { setTimeout as pause } from 'node:timers/promises'
import postgres, { type Sql } from 'postgres'
import { uuidv7 } from 'uuidv7'
import { onTestFinished } from 'vitest'
import { type Db, openDatabase } from '../../db/client.ts'
import { migrate } from '../../db/migrate.ts'
import { enqueueJobs } from '../../domain/jobs/queue.ts'
import { eventually } from '../harness/eventually.ts'
import { createTenant } from '../harness/tenants.ts'
import { type HostSpec, Hosts } from './queue-hosts.ts'
import { createLedger, type Ledger, printLedger, readLedger } from './queue-ledger.ts'
import type { Foreign } from './services.ts'

/** The kind of a tenant's jobs here: no other test's hosts know it. */
export const kindOf = (tenantId: string): string => `fault.${tenantId}`

const settleMs = 120_000
const feedPauseMs = 100

export type Queue = {
  server: Foreign
  db: Db
  sql: Sql
  tenantId: string
  /** What was acknowledged. */
  receipts: string[]
  hosts: Hosts
  /** @returns how many were acknowledged */
  enqueue(count: number, workMs: number): Promise<number>
}

/** A tenant's queue on a server of its own, with worker processes that are not yet started. */
export async function openQueue(server: Foreign, spec: Partial<HostSpec> = {}): Promise<Queue> {
  await migrate({ url: server.url, log: () => {} })
  const database = openDatabase({
    ...{ url: server.url, poolMax: 3, prepare: true, applicationName: 'octavo-fault-test' },
    ...{ statementTimeoutMs: 30_000, connectTimeoutMs: 5_000 },
  })
  const sql = postgres(server.url, { max: 2, onnotice: () => {} })
  onTestFinished(async () => {
    await Promise.all([database.close(), sql.end({ timeout: 1 })])
  })
  await createLedger(sql)
  const { id: tenantId } = await createTenant(database.db)
  const kind = kindOf(tenantId)
  const plain = { concurrency: 8, leaseMs: 4_000, poolMax: 4 }
  const hosts = new Hosts({ url: server.url, kinds: [kind], ...plain, ...spec })
  const receipts: string[] = []
  const enqueue = async (count: number, workMs: number) => {
    const jobs = Array.from({ length: count }, () => ({
      ...{ tenantId, id: uuidv7(), kind, attemptsMax: 100 },
      payload: { work_ms: Math.round(workMs * (0.5 + Math.random())) },
    }))
    receipts.push(...(await enqueueJobs(database.db, jobs)))
    return count
  }
  return { server, db: database.db, sql, tenantId, receipts, hosts, enqueue }
}

/** Jobs that are queued together, and how long one works, within a half. */
export type Batch = { jobs: number; workMs: number }

/** Enqueues until stopped; a batch that was refused was not acknowledged. */
export function feed(queue: Queue, batch: Batch): () => Promise<void> {
  let isOver = false
  const loop = (async () => {
    while (!isOver) {
      await queue.enqueue(batch.jobs, batch.workMs).catch(() => {})
      await pause(feedPauseMs)
    }
  })()
  return async () => {
    isOver = true
    await loop
  }
}

/** Waits until nothing is left to do, stops the hosts, and prints what became of all that was acknowledged. */
export async function settle(
  queue: Queue,
  fault: string,
  more: Record<string, number>,
): Promise<Ledger> {
  const { sql, tenantId, receipts, hosts } = queue
  await eventually(
    'nothing is left to do',
    async () => {
      const [row] = await sql`select count(*)::int as count from jobs where tenant_id = ${tenantId}`
      return row?.count === 0
    },
    settleMs,
  )
  await hosts.stop('SIGTERM')
  const ids = `{${receipts}}`
  await sql`insert into fault_receipts select ${tenantId}, r.id from unnest(${ids}::uuid[]) r(id)`
  const ledger = await readLedger(sql, tenantId)
  printLedger(fault, ledger, more)
  return ledger
}
