/** Entry of the processes that run heavy and suspect jobs for the worker: they may block, hold much memory, and die. */
import { enableCompileCache } from 'node:module'
import { loadConfig } from '../config.ts'
import { createDeps } from '../deps.ts'
import { jobHost, jobKinds, workerSpec } from './host.ts'
import { serveJobs } from './job-server.ts'

// One for the job's transaction, one for its progress, one for what stands outside of transactions.
const poolMax = 3

const spec = workerSpec()
if (spec) enableCompileCache(spec.compileCache)
const config = loadConfig()
const { deps, database, flush } = createDeps(config, { role: 'worker', poolMax })
process.once('uncaughtException', endOnSurprise)
process.once('unhandledRejection', endOnSurprise)
serveJobs({ deps, database, handlers: await jobKinds(config), host: jobHost(config, spec) })

/** The worker sees the exit and fails the attempt. */
function endOnSurprise(err: unknown): void {
  deps.log.error("A job's process met an unexpected error and ends", { code: 'crash' }, err)
  void flush(500).then(() => process.exit(1))
}
