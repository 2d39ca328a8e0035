import { type ClientApp, newApp } from '../_shared/http/app.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import * as attempts from './attempts.ts'
import { cancelHandler } from './cancel.ts'
import * as contract from './contract.ts'
import * as enqueueing from './contract-enqueue.ts'
import * as leasing from './contract-lease.ts'
import * as limiting from './contract-limits.ts'
import * as redriving from './contract-redrive.ts'
import { Doorbell } from './doorbell.ts'
import { bulkHandler, enqueueHandler } from './enqueue.ts'
import { watchHandler } from './events.ts'
import { leaseHandler } from './lease.ts'
import * as limits from './limits.ts'
import { countHandler, getHandler, historyHandler, listHandler, visibleReader } from './reading.ts'
import { redriveHandler, redriveManyHandler } from './redrive.ts'
import { whyHandler } from './why.ts'
import * as explaining from './why-contract.ts'

/** Background work: what waits, runs and has ended; and its workers, in any language. */
export const createApp = (deps: Deps) => {
  const readVisible = visibleReader(deps.db)
  const bell = new Doorbell()
  return newApp(deps, { name: 'jobs', summary: 'Background work and its runs.' })
    .on(contract.listJobs, listHandler(deps))
    .on(contract.countJobs, countHandler(deps))
    .on(contract.getJob, getHandler(deps))
    .on(contract.listRunEvents, historyHandler(deps, readVisible))
    .on(contract.watchJob, watchHandler(deps, readVisible))
    .on(explaining.explainJob, whyHandler(deps))
    .on(contract.cancelJob, cancelHandler(deps))
    .on(redriving.redriveJob, redriveHandler(deps))
    .on(redriving.redriveJobs, redriveManyHandler(deps))
    .on(enqueueing.enqueueJob, enqueueHandler(deps, bell))
    .on(enqueueing.enqueueJobs, bulkHandler(deps, bell))
    .on(leasing.leaseJobs, leaseHandler(deps, bell))
    .on(leasing.heartbeatJob, attempts.heartbeat)
    .on(leasing.completeJob, attempts.complete)
    .on(leasing.failJob, attempts.fail)
    .on(leasing.releaseJob, attempts.release)
    .on(limiting.listJobLimits, limits.listLimits(deps))
    .on(limiting.putJobLimit, limits.putLimit(deps))
    .on(limiting.deleteJobLimit, limits.deleteLimit(deps))
    .on(limiting.listJobKinds, limits.listKinds(deps))
    .on(limiting.putJobKind, limits.putKind(deps))
    .on(limiting.deleteJobKind, limits.deleteKind(deps))
}

export type JobsApp = ClientApp<ReturnType<typeof createApp>>
