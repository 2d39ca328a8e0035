import { enableCompileCache } from 'node:module'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { JobHandler, JobHost } from '../functions/_shared/ports/jobs.ts'
import { type Config, loadConfig } from './config.ts'
import { createDeps } from './deps.ts'
import { registry } from './registry.ts'
import { reportToSupervisor } from './supervisor/channel.ts'
import { maintain } from './worker/maintenance.ts'
import { QueueWorker } from './worker/queue-worker.ts'
import { keepSchedules } from './worker/scheduling.ts'
import { sweepTemporaryFolders } from './worker/temporary-folder.ts'

/** What the supervisor tells the worker, as JSON in its first argument. Without it, the sources run as they are. */
export type WorkerSpec = {
  /** Built programs that jobs run as child processes, by name. */
  programs: { extraction: string }
  compileCache: string
}

const stallMsMax = 30_000 // without a page: no page of a sound file takes longer
const drainMs = 5_000
const filesAfterMs = 3_600_000
const megabyte = 1024 * 1024

const spec = process.argv[2] === undefined ? null : (JSON.parse(process.argv[2]) as WorkerSpec)
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
  handlers: await jobHandlers(),
  name: `${hostname()}:${process.pid}`,
  concurrency: config.worker.concurrency,
  leaseMs: config.worker.leaseSeconds * 1000,
  drainMs,
  // Where statements cannot be prepared there is a transaction pooler, which cannot LISTEN either.
  listens: config.database.prepare,
})
worker.run().catch(endOnSurprise)
keepSchedules({ db: deps.db, log: deps.log, signal: stopping.signal }).catch(endOnSurprise)
const { jobHistoryDays, runEventDays } = config.retention
void maintain({
  db: deps.db,
  log: deps.log,
  storage: deps.storage,
  now: deps.now,
  signal: stopping.signal,
  historyDays: Math.max(jobHistoryDays, runEventDays),
  filesAfterMs,
})
reportToSupervisor({
  isDrained: async () => {
    stopping.abort()
    await worker.drain()
    await close()
  },
})

async function jobHandlers(): Promise<Record<string, JobHandler>> {
  const modules = await Promise.all(registry.map(({ jobs }) => jobs?.()))
  return Object.assign({}, ...modules.map((module) => module?.jobs))
}

function jobHost({ checkout, paths, worker: limits }: Config, told: WorkerSpec | null): JobHost {
  const { extractionDeadlineMs } = limits
  return {
    childPath: (program) => told?.programs[program] ?? join(checkout, sourceOf(program)),
    temporaryFolder: join(paths.run, 'tmp'),
    extraction: {
      pagesMax: limits.extractionPagesMax,
      memoryBytesMax: limits.extractionMemoryMb * megabyte,
      deadlineMs: extractionDeadlineMs,
      stallMs: Math.min(stallMsMax, extractionDeadlineMs),
    },
  }
}

/** The source of a program, below the checkout. */
function sourceOf(program: string): string {
  const entry = registry.find(({ programs }) => programs?.[program] !== undefined)
  return join('functions', entry?.name ?? '', entry?.programs?.[program] ?? '')
}

/** Crash-only: what nobody expected is logged whole and ends the process; leases bring its jobs to another. */
function endOnSurprise(err: unknown): void {
  deps.log.error('The worker met an unexpected error and ends', { code: 'crash' }, err)
  void flush(500).then(() => process.exit(1))
}
