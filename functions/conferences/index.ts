import { loadSeries } from '../../domain/conferences/loading.ts'
import { type ClientApp, newApp } from '../_shared/http/app.ts'
import { reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import * as calendars from './calendars.ts'
import * as changes from './changes.ts'
import * as contract from './contract.ts'
import * as calendarContract from './contract-calendars.ts'
import * as refreshContract from './contract-refresh.ts'
import { importHandler } from './importing.ts'
import * as listing from './listing.ts'
import { refreshHandler, sourcesHandler } from './refreshing.ts'
import { toDetails } from './representation.ts'
import * as subscriptions from './subscriptions.ts'

/** Conferences and when something falls due for them. */
export const createApp = (deps: Deps) =>
  newApp(deps, { name: 'conferences', summary: 'Conferences, their deadlines, and calendars.' })
    .on(contract.listConferences, listing.listHandler(deps))
    .on(contract.listUpcoming, listing.upcomingHandler(deps))
    .on(contract.listChanges, listing.changesHandler(deps))
    .on(contract.importConferences, importHandler(deps))
    .on(refreshContract.refreshConferences, refreshHandler(deps))
    .on(refreshContract.listSources, sourcesHandler(deps))
    .on(calendarContract.getCalendar, calendars.calendarHandler(deps))
    .on(calendarContract.createSubscription, subscriptions.createHandler(deps))
    .on(calendarContract.listSubscriptions, subscriptions.listHandler(deps))
    .on(calendarContract.openSubscription, calendars.openHandler(deps))
    .on(calendarContract.getSubscription, subscriptions.getHandler(deps))
    .on(calendarContract.revokeSubscription, subscriptions.revokeHandler(deps))
    .on(contract.getConference, async (c, { param: { id } }) => {
      const [state] = await loadSeries(deps.db, c.tenantId, [id])
      if (!state) throw changes.missing()
      return reply(200, toDetails(state), { version: state.version })
    })
    .on(contract.changeConference, changes.changeHandler(deps))
    .on(contract.deleteConference, changes.deleteHandler(deps))
    .on(calendarContract.getOneCalendar, calendars.oneCalendarHandler(deps))

export type ConferencesApp = ClientApp<ReturnType<typeof createApp>>
