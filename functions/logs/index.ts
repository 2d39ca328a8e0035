import { type ClientApp, newApp } from '../_shared/http/app.ts'
import { reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import * as contract from './contract.ts'
import { matching } from './rules.ts'

// The list holds no more; filters choose among all of it.
const entriesMax = 200

/** The error list of the whole server, for its operator. */
export const createApp = (deps: Deps) =>
  newApp(deps, { name: 'logs', summary: 'Warnings and errors of the whole server.' })
    .on(contract.listLogs, async (_, { query: { limit, ...filter } }) => {
      const { entries, degraded, dropped } = await deps.redis.errorList.read(entriesMax)
      const items = matching(entries, filter).slice(0, limit)
      return reply(200, { items, next_cursor: null, degraded, dropped })
    })
    .on(contract.listLogGroups, async (_, { query: { limit, ...filter } }) => {
      const { items, since } = await deps.redis.errorList.groups()
      return reply(200, {
        items: matching(items, filter).slice(0, limit),
        next_cursor: null,
        since,
      })
    })
    .on(contract.writeTestLog, async (c, { json: { level, message } }) => {
      const { method } = c.request
      c.log[level](message, { code: 'test_entry', method, path: c.url.pathname })
      return reply(202, { request_id: c.requestId, level, message })
    })

export type LogsApp = ClientApp<ReturnType<typeof createApp>>
