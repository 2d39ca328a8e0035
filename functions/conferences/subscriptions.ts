import { uuidv7 } from 'uuidv7'
import * as z from 'zod'
import type { Tx } from '../../db/client.ts'
import { appendAudit } from '../../domain/audit/append.ts'
import { newToken } from '../_shared/access/link-tokens.ts'
import { type Call, identityOf, requireVersion } from '../_shared/http/call.ts'
import { toPage } from '../_shared/http/pages.ts'
import { AppError } from '../_shared/http/problems.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import * as contract from './contract-calendars.ts'
import { findSeriesTitle } from './queries.ts'
import {
  deleteSubscription,
  findSubscription,
  insertSubscription,
  listSubscriptionRows,
  type SubscriptionRow,
  type Whose,
} from './subscription-queries.ts'

const missing = (): AppError => new AppError('not_found', 'There is nothing here.')

/** A link never changes: it has one version. */
const subscriptionVersion = 1

function whoseOf(c: Call): Whose {
  const { tenantId, userId, role } = identityOf(c.identity)
  return { tenantId, userId: role === 'admin' ? null : userId }
}

export const createHandler =
  ({ now }: Deps): Handler<typeof contract.createSubscription> =>
  async (c, { json: { name, conference_id: seriesId, filter: given } }) => {
    const { tenantId, userId } = identityOf(c.identity)
    const [id, createdAt] = [uuidv7(), now()]
    const { text, secretSha256 } = await newToken(tenantId, id)
    const filter = { ...given, ...(seriesId && { series_id: seriesId }) }
    const row = { tenantId, id, userId, name, filter, secretSha256, createdAt }
    return c.write(async (tx) => {
      if (seriesId && (await findSeriesTitle(tx, tenantId, seriesId)) === null)
        throw unknownSeries()
      const made = await insertSubscription(tx, row)
      await record(tx, c, { action: 'calendar.created', subscription: made, at: createdAt })
      const headers = { Location: `/v1/conferences/subscriptions/${id}` }
      const options = { headers, version: subscriptionVersion }
      return reply(201, contract.toNewSubscription(made, text), options)
    })
  }

function unknownSeries(): AppError {
  const detail = 'There is no such conference.'
  const fault = { in: 'body', pointer: '/conference_id', code: 'unknown_conference' } as const
  return new AppError('invalid', `body /conference_id: ${detail}`, {
    errors: [{ ...fault, detail }],
  })
}

export const listHandler =
  ({ db }: Deps): Handler<typeof contract.listSubscriptions> =>
  async (c, { query: { cursor, limit } }) => {
    const { url, cursors } = c
    const whose = whoseOf(c)
    const scope = JSON.stringify([whose.tenantId, 'listCalendarSubscriptions', whose.userId])
    const [before] = cursor ? await cursors.read(scope, cursor, z.tuple([z.uuid()])) : [null]
    const rows = await listSubscriptionRows(db, { ...whose, before, limit: limit + 1 })
    const position = ({ id }: { id: string }) => [id]
    const parts = { rows, limit, position, item: contract.toSubscription }
    const page = await toPage({ cursors, scope, url }, parts)
    return reply(200, page.body, { headers: page.headers })
  }

export const getHandler =
  ({ db }: Deps): Handler<typeof contract.getSubscription> =>
  async (c, { param }) => {
    const row = await findSubscription(db, whoseOf(c), param.subscription)
    if (!row) throw missing()
    return reply(200, contract.toSubscription(row), { version: subscriptionVersion })
  }

export const revokeHandler =
  ({ now }: Deps): Handler<typeof contract.revokeSubscription> =>
  (c, { param: { subscription: id } }) =>
    c.write(async (tx) => {
      if (!(await findSubscription(tx, whoseOf(c), id))) throw missing()
      requireVersion(c, subscriptionVersion)
      const subscription = await deleteSubscription(tx, whoseOf(c), id)
      if (!subscription) throw missing()
      await record(tx, c, { action: 'calendar.revoked', subscription, at: now() })
      return reply(204, null)
    })

type Recorded = { action: string; subscription: SubscriptionRow; at: Date }

async function record(tx: Tx, c: Call, { action, subscription, at }: Recorded): Promise<void> {
  const { tenantId, userId, keyId } = identityOf(c.identity)
  const subject = { subjectType: 'calendar', subjectId: subscription.id, actor: { userId, keyId } }
  const detail = { name: subscription.name, user_id: subscription.userId }
  await appendAudit(tx, { ...subject, tenantId, action, requestId: c.requestId, detail, at })
}
