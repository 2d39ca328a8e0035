import { uuidv7 } from 'uuidv7'
import * as z from 'zod'
import { type RefreshOrder, refreshJobKind } from '../../domain/conferences/refresh-order.ts'
import { listSources, type SourceRow } from '../../domain/conferences/refresh-store.ts'
import { enqueueJob, ringWorkers } from '../../domain/jobs/queue.ts'
import { publicUrl } from '../../domain/outgoing/urls.ts'
import { toHex } from '../_shared/access/keys.ts'
import { identityOf } from '../_shared/http/call.ts'
import { toPage } from '../_shared/http/pages.ts'
import { AppError } from '../_shared/http/problems.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import * as contract from './contract-refresh.ts'

export const refreshHandler =
  (deps: Deps): Handler<typeof contract.refreshConferences> =>
  async (c, { json }) => {
    const { tenantId, userId } = identityOf(c.identity)
    const order = { ...json, source: { url: requireSource(json.source.url, deps) } }
    const dedupeKey = await keyOf(order)
    const job = { tenantId, userId, kind: refreshJobKind, payload: order, dedupeKey }
    const answer = await c.write(async (tx) => {
      const jobId = await enqueueJob(tx, { ...job, id: uuidv7(), requestId: c.requestId })
      const body = contract.toRefresh(jobId)
      return reply(202, body, { headers: { Location: body.urls.job } })
    })
    // Not awaited: a worker that hears nothing looks by itself within a quarter of a second.
    ringWorkers(deps.db).catch((err: unknown) => c.log.warn('workers were not woken', {}, err))
    return answer
  }

/** @throws {AppError} `invalid` */
function requireSource(text: string, { config }: Deps): string {
  const { url, fault } = publicUrl(text, config.conferencesAllowPrivate)
  if (fault === null) return url
  const error = {
    in: 'body' as const,
    pointer: '/source/url',
    code: 'not_allowed',
    detail: fault,
  }
  throw new AppError('invalid', 'Nothing is read from this URL.', { errors: [error] })
}

/** The same for the same order alone: another floor is another refresh. */
async function keyOf(order: RefreshOrder): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(order))
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  return `refresh:${toHex(digest)}`
}

export const sourcesHandler =
  ({ db }: Deps): Handler<typeof contract.listSources> =>
  async (c, { query: { cursor, limit } }) => {
    const { tenantId, url, cursors } = c
    const scope = JSON.stringify([tenantId, 'listConferenceSources'])
    const position = z.tuple([z.iso.datetime(), z.uuid()])
    const after = cursor ? await cursors.read(scope, cursor, position) : null
    const before: [Date, string] | null = after && [new Date(after[0]), after[1]]
    const rows = await listSources(db, { tenantId, before, limit: limit + 1 })
    const parts = {
      ...{ rows, limit, item: contract.toSource },
      position: ({ checkedAt, id }: SourceRow) => [checkedAt.toISOString(), id],
    }
    const page = await toPage({ cursors, scope, url }, parts)
    return reply(200, page.body, { headers: page.headers })
  }
