import type { Tx } from '../../db/client.ts'
import { appendAudit } from '../../domain/audit/append.ts'
import { holdUserPresence } from '../../domain/identity/users.ts'
import { ringWorkers } from '../../domain/jobs/queue.ts'
import {
  changeSchedule,
  deleteSchedule,
  holdSchedule,
  insertSchedule,
  pauseSchedule,
  resumeSchedule,
  runSchedule,
  type ScheduleContent,
  type ScheduleRow,
  scheduleClock,
} from '../../domain/schedules/schedules.ts'
import { type Call, identityOf, requireVersion } from '../_shared/http/call.ts'
import { AppError } from '../_shared/http/problems.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import * as contract from './contract.ts'
import { requireSchedulable, withTimetable } from './rules.ts'

export const missing = (): AppError => new AppError('not_found', 'There is nothing here.')

/** The schedule to change, locked, in a version that the caller expects. */
async function openSchedule(tx: Tx, c: Call, id: string): Promise<ScheduleRow> {
  const row = await holdSchedule(tx, c.tenantId, id)
  if (!row) throw missing()
  requireVersion(c, row.version)
  return row
}

export const createHandler =
  ({ config }: Deps): Handler<typeof contract.createSchedule> =>
  (c, { json }) => {
    const { time_zone: timeZone, catch_up: catchUp, attempts_max: attemptsMax, ...same } = json
    requireSchedulable(json, config.functionNames)
    const { tenantId, userId } = identityOf(c.identity)
    return c.write(async (tx) => {
      if (!(await holdUserPresence(tx, tenantId, userId))) throw missing()
      const schedule = { ...same, timeZone, catchUp, attemptsMax, tenantId, userId }
      const now = await scheduleClock(tx)
      const row = await withTimetable(timeZone, () => insertSchedule(tx, schedule, now))
      const headers = { Location: `/v1/schedules/${row.id}` }
      return reply(201, contract.toSchedule(row), { headers, version: row.version })
    })
  }

export const changeHandler =
  ({ config }: Deps): Handler<typeof contract.changeSchedule> =>
  (c, { param, json }) => {
    const { time_zone: timeZone, catch_up: catchUp, attempts_max: attemptsMax, ...same } = json
    const wanted = withoutUndefined({ ...same, timeZone, catchUp, attemptsMax })
    return c.write(async (tx) => {
      const row = await openSchedule(tx, c, param.id)
      requireSchedulable({ ...row, ...wanted }, config.functionNames)
      const now = await scheduleClock(tx)
      const save = () => changeSchedule(tx, row, { wanted, now })
      const saved = await withTimetable(timeZone ?? row.timeZone, save)
      return reply(200, contract.toSchedule(saved), { version: saved.version })
    })
  }

type Optional<T> = { [K in keyof T]?: T[K] | undefined }

const withoutUndefined = (content: Optional<ScheduleContent>): Partial<ScheduleContent> =>
  Object.fromEntries(Object.entries(content).filter(([, value]) => value !== undefined))

export const pauseHandler: Handler<typeof contract.pauseSchedule> = (c, { param }) =>
  c.write(async (tx) => {
    const row = await openSchedule(tx, c, param.id)
    const saved = await pauseSchedule(tx, row, await scheduleClock(tx))
    return reply(200, contract.toSchedule(saved), { version: saved.version })
  })

export const resumeHandler: Handler<typeof contract.resumeSchedule> = (c, { param }) =>
  c.write(async (tx) => {
    const row = await openSchedule(tx, c, param.id)
    const now = await scheduleClock(tx)
    const saved = await withTimetable(row.timeZone, () => resumeSchedule(tx, row, now))
    return reply(200, contract.toSchedule(saved), { version: saved.version })
  })

export const deleteHandler =
  (deps: Deps): Handler<typeof contract.deleteSchedule> =>
  (c, { param: { id } }) =>
    c.write(async (tx) => {
      await deleteSchedule(tx, await openSchedule(tx, c, id))
      const { tenantId, userId, keyId } = identityOf(c.identity)
      const subject = { subjectType: 'schedule', subjectId: id, requestId: c.requestId }
      const actor = { userId, keyId }
      const action = 'schedule.deleted'
      await appendAudit(tx, { ...subject, tenantId, action, actor, detail: {}, at: deps.now() })
      return reply(204, null)
    })

export const runHandler =
  ({ db }: Deps): Handler<typeof contract.runSchedule> =>
  async (c, { param }) => {
    const { userId } = identityOf(c.identity)
    const answer = await c.write(async (tx) => {
      const row = await openSchedule(tx, c, param.id)
      const now = await scheduleClock(tx)
      const jobId = await runSchedule(tx, row, { now, userId, requestId: c.requestId })
      const url = `/v1/jobs/${jobId}`
      const run = { job_id: jobId, scheduled_at: now.toISOString(), urls: { job: url } }
      return reply(202, run, { headers: { Location: url } })
    })
    // Not awaited: a worker that hears nothing looks by itself within a quarter of a second.
    ringWorkers(db).catch((err: unknown) => c.log.warn('workers were not woken', {}, err))
    return answer
  }
