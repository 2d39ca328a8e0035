import * as z from 'zod'
import { toPage } from '../_shared/http/pages.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import type * as contract from './contract.ts'
import {
  conferencesVersion,
  type DeadlineRow,
  listChangeRows,
  listSeriesRows,
  listUpcoming,
} from './queries.ts'
import { toChange, toConference, toUpcoming } from './representation.ts'

const uuid = z.uuid()

export const listHandler =
  ({ db }: Deps): Handler<typeof contract.listConferences> =>
  async (c, { query: { cursor, limit, from, to, ...filter } }) => {
    const { tenantId, url, cursors } = c
    // Read before the rows: what changes between the two is then sent again, and never missed.
    const version = await conferencesVersion(db, tenantId)
    const scope = JSON.stringify([tenantId, 'listConferences', from, to, filter])
    const position = z.tuple([z.string(), uuid])
    const after = cursor ? await cursors.read(scope, cursor, position) : null
    const rows = await listSeriesRows(db, {
      ...{ tenantId, filter, from, to, after, limit: limit + 1 },
    })
    const parts = {
      ...{ rows, limit, item: toConference },
      position: ({ titleKey, id }: (typeof rows)[number]) => [titleKey, id],
    }
    const page = await toPage({ cursors, scope, url }, parts)
    return reply(200, page.body, { headers: page.headers, version })
  }

export const upcomingHandler =
  ({ db, now }: Deps): Handler<typeof contract.listUpcoming> =>
  async (c, { query: { cursor, limit, to, conference_id: seriesId, ...given } }) => {
    const { tenantId, url, cursors } = c
    const [from, filter] = [now(), { ...given, ...(seriesId && { series_id: seriesId }) }]
    const scope = JSON.stringify([tenantId, 'listUpcomingDeadlines', to, filter])
    const position = z.tuple([z.iso.datetime(), uuid])
    const after = cursor ? await cursors.read(scope, cursor, position) : null
    const rows = await listUpcoming(db, { tenantId, filter, from, to, after, limit: limit + 1 })
    const parts = {
      ...{ rows, limit, item: (row: DeadlineRow) => toUpcoming(row, from) },
      position: ({ at, id }: DeadlineRow) => [at?.toISOString(), id],
    }
    const page = await toPage({ cursors, scope, url }, parts)
    return reply(200, page.body, { headers: page.headers })
  }

export const changesHandler =
  ({ db }: Deps): Handler<typeof contract.listChanges> =>
  async (c, { query: { cursor, limit, conference_id: seriesId } }) => {
    const { tenantId, url, cursors } = c
    const scope = JSON.stringify([tenantId, 'listConferenceChanges', seriesId])
    const [before] = cursor ? await cursors.read(scope, cursor, z.tuple([uuid])) : [null]
    const rows = await listChangeRows(db, { tenantId, seriesId, before, limit: limit + 1 })
    const position = ({ id }: { id: string }) => [id]
    const page = await toPage({ cursors, scope, url }, { rows, limit, position, item: toChange })
    return reply(200, page.body, { headers: page.headers })
  }
