import type { DeadlineFilter } from '../../db/schema/conference-subscriptions.ts'
import { type CalendarDeadline, calendarOf } from '../../domain/conferences/calendar.ts'
import { equalBytes, hashSecret } from '../_shared/access/keys.ts'
import { linkFailure } from '../_shared/access/link-failures.ts'
import { parseToken } from '../_shared/access/link-tokens.ts'
import type { Call } from '../_shared/http/call.ts'
import { etagOf, isUnchanged } from '../_shared/http/etag.ts'
import { AppError } from '../_shared/http/problems.ts'
import type { Handler } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import * as contract from './contract-calendars.ts'
import {
  conferencesVersion,
  type DeadlineRow,
  findSeriesTitle,
  listForCalendar,
} from './queries.ts'
import { findOpenSubscription } from './subscription-queries.ts'

// A link is a secret in an address: no cache keeps what it shows, no other site and no search engine learns of it.
const secretive = {
  'Cache-Control': 'no-store',
  'Referrer-Policy': 'no-referrer',
  'X-Robots-Tag': 'noindex',
}

export const calendarHandler =
  (deps: Deps): Handler<typeof contract.getCalendar> =>
  async (c, { query: { conference_id: seriesId, ...filter } }) => {
    const { tenantId } = c
    const wanted = { ...filter, ...(seriesId && { series_id: seriesId }) }
    return answer(deps, c, { tenantId, name: 'Conference deadlines', filter: wanted })
  }

export const oneCalendarHandler =
  (deps: Deps): Handler<typeof contract.getOneCalendar> =>
  async (c, { param: { id }, query: { estimates } }) => {
    const { tenantId } = c
    const title = await findSeriesTitle(deps.db, tenantId, id)
    if (title === null) throw new AppError('not_found', 'There is nothing here.')
    return answer(deps, c, { tenantId, name: title, filter: { series_id: id, estimates } })
  }

export const openHandler =
  (deps: Deps): Handler<typeof contract.openSubscription> =>
  async (c, { query: { token: text } }) => {
    const token = parseToken(text)
    const found = token && (await findOpenSubscription(deps.db, token))
    if (!found || !equalBytes(await hashSecret(token.secret), found.secretSha256))
      throw await linkFailure(deps.redis.limits, c, { kind: 'calendar', headers: secretive })
    const { name, filter } = found
    const response = await answer(deps, c, { tenantId: token.tenantId, name, filter })
    for (const [header, value] of Object.entries(secretive)) response.headers.set(header, value)
    return response
  }

type Wanted = { tenantId: string; name: string; filter: DeadlineFilter }

async function answer(
  { db }: Deps,
  c: Call,
  { tenantId, name, filter }: Wanted,
): Promise<Response> {
  // Read before the rows: what changes between the two is then sent again, and never missed.
  const version = await conferencesVersion(db, tenantId)
  const headers = new Headers({
    'Content-Type': 'text/calendar; charset=utf-8',
    ETag: etagOf(version),
  })
  if (isUnchanged(c.request.headers.get('if-none-match'), version))
    return new Response(null, { status: 304, headers })
  const rows = await listForCalendar(db, { tenantId, filter, limit: contract.eventsMax })
  return new Response(calendarOf(name, rows.map(toCalendarDeadline)), { headers })
}

const toCalendarDeadline = (row: DeadlineRow): CalendarDeadline => ({
  ...{ id: row.id, sub: row.sub, sequence: row.sequence, updatedAt: row.updatedAt },
  ...{ title: row.title, seriesDescription: row.description, kind: row.kind },
  ...{ at: row.at?.toISOString() ?? null, isWithdrawn: row.isWithdrawn, basis: row.basis },
  year: row.year ?? row.estimatedYear ?? 0,
  round: {
    number: row.roundNumber ?? row.estimatedRound ?? 1,
    comment: row.comment ?? '',
    count: row.basis ? row.basis.rounds : row.rounds,
  },
  given: row.basis
    ? null
    : {
        ...{ localText: row.localText ?? '', zone: row.zone ?? '', link: row.link ?? '' },
        ...{ place: row.place ?? '', dateText: row.dateText ?? '' },
      },
})
