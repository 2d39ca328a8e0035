import * as z from 'zod'
import { pointRead } from '../../db/batch.ts'
import { jobSchedules } from '../../db/schema/schedules.ts'
import {
  listSchedules,
  plannedTimes,
  type ScheduleRow,
  scheduleClock,
} from '../../domain/schedules/schedules.ts'
import { type ClientApp, newApp } from '../_shared/http/app.ts'
import { toPage } from '../_shared/http/pages.ts'
import { reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import * as changes from './changes.ts'
import * as contract from './contract.ts'

/** Jobs that are queued again and again, by cron expressions in time zones. */
export const createApp = (deps: Deps) => {
  const { db } = deps
  const readRow = pointRead(db, { table: jobSchedules })
  const existing = async (tenantId: string, id: string): Promise<ScheduleRow> => {
    const row = await readRow(tenantId, id)
    if (!row) throw changes.missing()
    return row
  }
  return newApp(deps, { name: 'schedules', summary: 'Jobs that are queued again and again.' })
    .on(contract.createSchedule, changes.createHandler(deps))
    .on(contract.listSchedules, async (c, { query: { cursor, limit } }) => {
      const { tenantId, url, cursors } = c
      const scope = `${tenantId}|listSchedules`
      const [after] = cursor ? await cursors.read(scope, cursor, z.tuple([z.uuid()])) : [null]
      const rows = await listSchedules(db, { tenantId, after, limit: limit + 1 })
      const position = (row: ScheduleRow) => [row.id]
      const parts = { rows, limit, position, item: contract.toSchedule }
      const page = await toPage({ cursors, scope, url }, parts)
      return reply(200, page.body, { headers: page.headers })
    })
    .on(contract.getSchedule, async (c, { param }) => {
      const row = await existing(c.tenantId, param.id)
      return reply(200, contract.toSchedule(row), { version: row.version })
    })
    .on(contract.changeSchedule, changes.changeHandler(deps))
    .on(contract.deleteSchedule, changes.deleteHandler(deps))
    .on(contract.pauseSchedule, changes.pauseHandler)
    .on(contract.resumeSchedule, changes.resumeHandler)
    .on(contract.runSchedule, changes.runHandler(deps))
    .on(contract.nextTimes, async (c, { param, query }) => {
      const row = await existing(c.tenantId, param.id)
      const times = plannedTimes(row, await scheduleClock(db), query.count)
      return reply(200, { times: times.map((time) => time.toISOString()) })
    })
}

export type SchedulesApp = ClientApp<ReturnType<typeof createApp>>
