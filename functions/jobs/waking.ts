import { ringWorkers } from '../../domain/jobs/queue.ts'
import type { Call } from '../_shared/http/call.ts'
import type { Deps } from '../_shared/ports/deps.ts'

/** Rings the worker's doorbell after a commit; one that does not hear it looks by itself within about a second. */
export function wakeWorkers({ db }: Deps, c: Call, reason: 'queued' | 'cancel'): void {
  ringWorkers(db, reason).catch((err: unknown) => c.log.warn('workers were not woken', {}, err))
}
