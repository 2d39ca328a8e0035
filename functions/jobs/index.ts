import * as z from 'zod'
import type { Db } from '../../db/client.ts'
import { blobDeletionJobKind } from '../../domain/documents/processing.ts'
import { listRunEvents, type RunEventRow } from '../../domain/jobs/events.ts'
import { cancelJob, ringWorkers } from '../../domain/jobs/queue.ts'
import { type ClientApp, newApp } from '../_shared/http/app.ts'
import { type Call, identityOf, requireVersion } from '../_shared/http/call.ts'
import { toPage } from '../_shared/http/pages.ts'
import { AppError } from '../_shared/http/problems.ts'
import { reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import * as contract from './contract.ts'
import { watchHandler } from './events.ts'
import { firstId } from './follow.ts'
import { findJob, type JobRow, jobReader, listJobs } from './queries.ts'

/** Background work: what waits, runs and has ended. */
export const createApp = (deps: Deps) => {
  const readVisible = visibleReader(deps.db)
  return newApp(deps, { name: 'jobs', summary: 'Background work and its runs.' })
    .on(contract.listJobs, async (c, { query }) => {
      const { cursor, limit, status, kind, subject_id: subjectId } = query
      const filter = { status, kind, subjectId, userId: ownUserId(c) }
      const scope = JSON.stringify([c.tenantId, 'listJobs', filter])
      const after = cursor ? await c.cursors.read(scope, cursor, onePosition) : null
      const of = { tenantId: c.tenantId, filter, before: after?.[0] ?? null, limit: limit + 1 }
      const parts = { limit, position: (row: JobRow) => [row.id], item: contract.toJob }
      const rows = await listJobs(deps.db, of)
      const page = await toPage({ cursors: c.cursors, scope, url: c.url }, { rows, ...parts })
      return reply(200, page.body, { headers: page.headers })
    })
    .on(contract.getJob, async (c, { param }) => {
      const row = await readVisible(c, param.id)
      return reply(200, contract.toJob(row), { version: row.version })
    })
    .on(contract.cancelJob, async (c, { param: { id } }) => {
      const answer = await c.write(async (tx) => {
        const { tenantId } = c
        const row = await findJob(tx, tenantId, id)
        if (!row) throw missing()
        requireVersion(c, row.version)
        if (row.kind === blobDeletionJobKind)
          throw new AppError('conflict', 'The removal of stored bytes cannot be cancelled.')
        if ((await cancelJob(tx, { tenantId, id })) === 'missing')
          throw new AppError('conflict', 'The job has ended already.')
        const changed = (await findJob(tx, tenantId, id)) ?? row
        return reply(202, contract.toJob(changed), { version: changed.version })
      })
      // Not awaited: a worker that hears nothing looks by itself within about a second.
      ringWorkers(deps.db, 'cancel').catch((err: unknown) =>
        c.log.warn('workers were not woken', {}, err),
      )
      return answer
    })
    .on(contract.listRunEvents, async (c, { param: { id }, query: { cursor, limit } }) => {
      await readVisible(c, id)
      const scope = JSON.stringify([c.tenantId, 'listRunEvents', id])
      const [after] = cursor ? await c.cursors.read(scope, cursor, onePosition) : [firstId]
      const of = { tenantId: c.tenantId, jobId: id, after, limit: limit + 1 }
      const page = await toPage(
        { cursors: c.cursors, scope, url: c.url },
        {
          rows: await listRunEvents(deps.db, of),
          limit,
          position: (row: RunEventRow) => [row.id],
          item: contract.toRunEvent,
        },
      )
      return reply(200, page.body, { headers: page.headers })
    })
    .on(contract.watchJob, watchHandler(deps, readVisible))
}

export type JobsApp = ClientApp<ReturnType<typeof createApp>>

const onePosition = z.tuple([z.uuid()])

const missing = (): AppError => new AppError('not_found', 'There is nothing here.')

/** The only user whose jobs the caller may see; `undefined`: everybody's. */
function ownUserId(c: Call): string | undefined {
  const { role, userId } = identityOf(c.identity)
  return role === 'ingest' ? userId : undefined
}

function visibleReader(db: Db) {
  const read = jobReader(db)
  return async (c: Call, id: string): Promise<JobRow> => {
    const row = await read(c.tenantId, id)
    const own = ownUserId(c)
    if (!row || (own !== undefined && row.userId !== own)) throw missing()
    return row
  }
}
