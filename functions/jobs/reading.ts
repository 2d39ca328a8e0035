import * as z from 'zod'
import type { Db } from '../../db/client.ts'
import { listRunEvents, type RunEventRow } from '../../domain/jobs/events.ts'
import { type Call, identityOf } from '../_shared/http/call.ts'
import { toPage } from '../_shared/http/pages.ts'
import { AppError } from '../_shared/http/problems.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import * as contract from './contract.ts'
import { countJobs } from './count-queries.ts'
import { firstId } from './follow.ts'
import { findJobDetail, type JobRow, jobReader, listJobs } from './queries.ts'

const onePosition = z.tuple([z.uuid()])

export const missing = (): AppError => new AppError('not_found', 'There is nothing here.')

/** The only user whose jobs the caller may see; `undefined`: everybody's. */
function ownUserId(c: Call): string | undefined {
  const { role, userId } = identityOf(c.identity)
  return role === 'ingest' ? userId : undefined
}

export function isVisible(c: Call, row: { userId: string | null }): boolean {
  const own = ownUserId(c)
  return own === undefined || row.userId === own
}

export type VisibleReader = (c: Call, id: string) => Promise<JobRow>

/** Reads single jobs that the caller may see; make it once. @throws {AppError} `not_found` */
export function visibleReader(db: Db): VisibleReader {
  const read = jobReader(db)
  return async (c, id) => {
    const row = await read(c.tenantId, id)
    if (!row || !isVisible(c, row)) throw missing()
    return row
  }
}

export const listHandler =
  ({ db }: Deps): Handler<typeof contract.listJobs> =>
  async (c, { query }) => {
    const { cursor, limit, status, kind, subject_id: subjectId, batch_id: batchId } = query
    const filter = { status, kind, subjectId, batchId, userId: ownUserId(c) }
    const scope = JSON.stringify([c.tenantId, 'listJobs', filter])
    const after = cursor ? await c.cursors.read(scope, cursor, onePosition) : null
    const of = { tenantId: c.tenantId, filter, before: after?.[0] ?? null, limit: limit + 1 }
    const parts = { limit, position: (row: JobRow) => [row.id], item: contract.toJob }
    const rows = await listJobs(db, of)
    const page = await toPage({ cursors: c.cursors, scope, url: c.url }, { rows, ...parts })
    return reply(200, page.body, { headers: page.headers })
  }

export const getHandler =
  ({ db }: Deps): Handler<typeof contract.getJob> =>
  async (c, { param }) => {
    const row = await findJobDetail(db, c.tenantId, param.id)
    if (!row || !isVisible(c, row)) throw missing()
    return reply(200, contract.toJobDetail(row), { version: row.version })
  }

export const historyHandler =
  ({ db }: Deps, readVisible: VisibleReader): Handler<typeof contract.listRunEvents> =>
  async (c, { param: { id }, query: { cursor, limit } }) => {
    await readVisible(c, id)
    const scope = JSON.stringify([c.tenantId, 'listRunEvents', id])
    const [after] = cursor ? await c.cursors.read(scope, cursor, onePosition) : [firstId]
    const rows = await listRunEvents(db, {
      tenantId: c.tenantId,
      jobId: id,
      after,
      limit: limit + 1,
    })
    const position = (row: RunEventRow) => [row.id]
    const parts = { rows, limit, position, item: contract.toRunEvent }
    const page = await toPage({ cursors: c.cursors, scope, url: c.url }, parts)
    return reply(200, page.body, { headers: page.headers })
  }

export const countHandler =
  ({ db }: Deps): Handler<typeof contract.countJobs> =>
  async (c) => {
    const { rows, isExact } = await countJobs(db, c.tenantId)
    const none = { queued: 0, waiting: 0, running: 0, failed: 0, dead: 0, cancelled: 0 }
    const items = [...Map.groupBy(rows, ({ kind }) => kind)].map(([kind, counts]) => ({
      kind,
      ...none,
      ...Object.fromEntries(counts.map(({ status, count }) => [status, count])),
    }))
    return reply(200, { items, exact: isExact })
  }
