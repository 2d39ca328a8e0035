import { uuidv7 } from 'uuidv7'
import { type Database, openDatabase } from '../../db/client.ts'
import { migrate } from '../../db/migrate.ts'
import { tenants } from '../../db/schema/index.ts'
import { copyJobs } from '../../domain/jobs/bulk.ts'
import { enqueueAndRing, ringWorkers } from '../../domain/jobs/queue.ts'
import type { Deps } from '../../functions/_shared/ports/deps.ts'
import type { JobHandler, JobHost } from '../../functions/_shared/ports/jobs.ts'
import type { Log } from '../../functions/_shared/ports/log.ts'
import { QueueWorker } from '../../local-runtime/worker/queue-worker.ts'
import { inBatches } from './batches.ts'
import type { Contestant, OnJob, Servers } from './contestant.ts'
import { openProbe, tableBytes, urlOf } from './probe.ts'

/** `keepsHistory`: whether completed jobs stay in history with their events. The peers but pg-boss forget them. */
export const settings = {
  enqueueBatch: 10_000,
  enqueueLanes: 2,
  concurrency: 8_000,
  poolMax: 4,
  leaseMs: 30_000,
  keepsHistory: 0,
}

const kind = 'bench.noop'
// The peers write nothing for a job either.
const log: Log = {
  debug: () => {},
  info: () => {},
  warn: (message, fields, err) => console.error(message, fields, err),
  error: (message, fields, err) => console.error(message, fields, err),
  with: () => log,
}

export async function open(servers: Servers, tuned: typeof settings): Promise<Contestant> {
  const database = await openMigrated(urlOf(servers), tuned.poolMax)
  const { db } = database
  const probe = openProbe(servers)
  const tenantId = uuidv7()
  await db.insert(tenants).values({ id: tenantId, name: 'bench' })
  const jobOf = (number: number) => ({ tenantId, id: uuidv7(), kind, payload: { number } })
  // As the function `jobs` does: acknowledged by the commit, the doorbell behind it.
  const enqueueMany = async (numbers: number[]) => {
    await copyJobs(database.sql, numbers.map(jobOf))
    void ringWorkers(db)
  }
  const enqueueOne = async (number: number) => {
    await enqueueAndRing(db, [jobOf(number)])
  }
  return {
    enqueue: (count) => inBatches(count, tuned, enqueueMany),
    enqueueOne,
    async work(onJob) {
      const worker = newWorker(database, tuned, onJob)
      const running = worker.run()
      return { stop: () => worker.drain().then(() => running) }
    },
    async isDrained() {
      const rows = await probe`select 1 from jobs limit 1`
      return rows.length === 0
    },
    async bytes() {
      const hot = await tableBytes(probe, 'jobs')
      return { hot, kept: await tableBytes(probe, 'job_history', 'run_events') }
    },
    async close() {
      await probe.end()
      await database.close()
    },
  }
}

async function openMigrated(url: string, poolMax: number): Promise<Database> {
  await migrate({ url, log: () => {} })
  return openDatabase({
    url,
    poolMax,
    prepare: true,
    applicationName: 'bench',
    statementTimeoutMs: 60_000,
    connectTimeoutMs: 5_000,
  })
}

function newWorker(database: Database, tuned: typeof settings, onJob: OnJob): QueueWorker {
  const handler: JobHandler = async ({ job }) => {
    onJob(Number(job.payload.number))
    return {}
  }
  return new QueueWorker({
    // A job that does nothing uses nothing else of them.
    deps: { db: database.db, log } as Deps,
    host: {} as JobHost,
    database,
    handlers: { [kind]: { handler, history: tuned.keepsHistory ? 'all' : 'unsuccessful' } },
    name: 'bench',
    concurrency: tuned.concurrency,
    leaseMs: tuned.leaseMs,
    drainMs: 5_000,
    listens: true,
  })
}
