import { setTimeout as pause } from 'node:timers/promises'
import type { Db } from '../../db/client.ts'
import { isRetryable, isUnavailable } from '../../db/errors.ts'
import { msUntilNextSchedule } from '../../db/system.ts'
import { ringWorkers } from '../../domain/jobs/queue.ts'
import { type Firing, fireDueSchedules } from '../../domain/schedules/firing.ts'
import type { Log } from '../../functions/_shared/ports/log.ts'

const schedulesMax = 50 // in one transaction: with a hundred jobs each it holds the event loop for a quarter of a second
const lookMsMax = 1_000 // a schedule may have been made or changed meanwhile
const heldMs = 100 // what is due and did not fire is held by another host, or being changed
const unavailableMs = 500

type Scheduling = { db: Db; log: Log; signal: AbortSignal }

/**
 * Fires schedules when they come, until the signal aborts. Every host does: each time fires once all the same.
 * @throws whatever is no outage of the database: the process should end by it
 */
export async function keepSchedules(scheduling: Scheduling): Promise<void> {
  const { log, signal } = scheduling
  let isDatabaseAway = false
  while (!signal.aborted) {
    let waitMs = unavailableMs
    try {
      waitMs = await fireAndLookAhead(scheduling)
      isDatabaseAway = false
    } catch (err) {
      if (signal.aborted) return // the connections were closed under it
      if (!isUnavailable(err) && !isRetryable(err)) throw err
      if (!isDatabaseAway) log.warn('Schedules cannot be fired: the database is away', {}, err)
      isDatabaseAway = true
    }
    await pause(waitMs, undefined, { signal }).catch(() => {})
  }
}

/** @returns how long nothing comes, in milliseconds, as far as is known now */
async function fireAndLookAhead({ db, log }: Scheduling): Promise<number> {
  const ms = (await msUntilNextSchedule(db)) ?? lookMsMax
  if (ms > 0) return Math.min(Math.ceil(ms), lookMsMax)
  const firings = await fireDueSchedules(db, { limit: schedulesMax })
  for (const firing of firings) record(log, firing)
  if (firings.some(({ jobIds }) => jobIds.length > 0)) await ringWorkers(db)
  return firings.length === schedulesMax ? 0 : heldMs
}

function record(log: Log, { tenantId, scheduleId, jobIds, leftOut, fault }: Firing): void {
  const fields = { schedule_id: scheduleId, tenant_id: tenantId }
  if (fault)
    log.error('A schedule cannot be followed and is paused', { ...fields, code: 'schedule' }, fault)
  else log.debug('A schedule fired', { ...fields, job_ids: jobIds.join(' ') })
  if (!leftOut) return
  const [from, until] = [leftOut.from.toISOString(), leftOut.until.toISOString()]
  // Several jobs: every time was wanted, and these are lost. Else its policy is to leave them out.
  const level = jobIds.length > 1 ? 'warn' : 'info'
  const span = { left_out_from: from, left_out_until: until }
  log[level]('Times of a schedule passed while nothing fired and are left out', {
    ...fields,
    ...span,
  })
}
