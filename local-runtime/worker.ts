import { enableCompileCache } from 'node:module'
import { hostname } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import { loadConfig } from './config.ts'
import { createDeps } from './deps.ts'
import { reportToSupervisor } from './supervisor/channel.ts'
import { giveBackMs } from './worker/attempts.ts'
import { jobHost, jobKinds, jobProcesses, workerSpec } from './worker/host.ts'
import { maintain } from './worker/maintenance.ts'
import { QueueWorker } from './worker/queue-worker.ts'
import { keepSchedules } from './worker/scheduling.ts'
import { sweepTemporaryFolders } from './worker/temporary-folder.ts'

// Of its memory, heap and all: the supervisor replaces a worker from four fifths on.
const pressureShare = 0.75
const besideHeapMb = 256
// No job is left that could need the database: one that is away shall not hold up the end.
const closeMsMax = 1_000
const logFlushMs = 200
const filesAfterMs = 3_600_000
const mebibyte = 1024 ** 2

const spec = workerSpec()
if (spec) enableCompileCache(spec.compileCache)
const config = loadConfig()
const { deps, database, flush, close } = createDeps(config, { role: 'worker' })
process.once('uncaughtException', endOnSurprise)
process.once('unhandledRejection', endOnSurprise)

const host = jobHost(config, spec)
await sweepTemporaryFolders(host.temporaryFolder)
const stopping = new AbortController()
const worker = new QueueWorker({
  deps,
  database,
  host,
  handlers: await jobKinds(config),
  name: `${hostname()}:${process.pid}`,
  concurrency: config.worker.concurrency,
  leaseMs: config.worker.leaseSeconds * 1000,
  drainMs: config.worker.drainMs - giveBackMs,
  processes: jobProcesses(config, spec),
  pressure: {
    rssBytesMax: (config.worker.memoryMb + besideHeapMb) * mebibyte * pressureShare,
    lagMsMax: config.worker.lagMsMax,
  },
  // Where statements cannot be prepared there is a transaction pooler, which cannot LISTEN either.
  listens: config.database.prepare,
})
worker.run().catch(endOnSurprise)
keepSchedules({ db: deps.db, log: deps.log, signal: stopping.signal }).catch(endOnSurprise)
const { jobHistoryDays, runEventDays, trashDays, pageImages } = config.retention
void maintain({
  db: deps.db,
  log: deps.log,
  storage: deps.storage,
  now: deps.now,
  signal: stopping.signal,
  historyDays: Math.max(jobHistoryDays, runEventDays),
  trashDays,
  pageImages,
  filesAfterMs,
})
reportToSupervisor({
  isDrained: async () => {
    stopping.abort()
    await worker.drain()
    await Promise.race([close(), pause(closeMsMax)])
    await flush(logFlushMs)
  },
})

/** Crash-only: what nobody expected is logged whole and ends the process; leases bring its jobs to another. */
function endOnSurprise(err: unknown): void {
  deps.log.error('The worker met an unexpected error and ends', { code: 'crash' }, err)
  void flush(500).then(() => process.exit(1))
}
