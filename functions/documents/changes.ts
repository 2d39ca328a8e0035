import { uuidv7 } from 'uuidv7'
import type { Tx } from '../../db/client.ts'
import { appendAudit } from '../../domain/audit/append.ts'
import { reopenUnreadPages } from '../../domain/documents/page-parts.ts'
import { reprocessDocument } from '../../domain/documents/processing.ts'
import { removeDocument } from '../../domain/documents/removal.ts'
import { lockRunOfDocument } from '../../domain/documents/run-lock.ts'
import { setTags } from '../../domain/documents/tags.ts'
import { cancelJob, ringWorkers } from '../../domain/jobs/queue.ts'
import { seal } from '../_shared/access/seal.ts'
import { type Call, identityOf, requireVersion } from '../_shared/http/call.ts'
import { AppError } from '../_shared/http/problems.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import { missing, refuseTrashed } from './access.ts'
import { forgetResults } from './cached-result.ts'
import { toDocument } from './contract.ts'
import { safeFilename } from './filenames.ts'
import { findDocument, lockDocument, replacePassword, saveDocument } from './queries.ts'
import type * as routes from './routes.ts'
import { headerText } from './upload-body.ts'

/** The document, locked with its run, in a version that the caller expects; in the trash or not. */
export async function lockInVersion(tx: Tx, c: Call, id: string) {
  await lockRunOfDocument(tx, c.tenantId, id)
  const row = await lockDocument(tx, c.tenantId, id)
  if (!row) throw missing()
  requireVersion(c, row.version)
  return row
}

/** The document to change: one in the trash is not changed. */
export async function openDocument(tx: Tx, c: Call, id: string) {
  const row = await lockInVersion(tx, c, id)
  refuseTrashed(row)
  return row
}

/** A document as the transaction leaves it. */
export async function documentReply<const S extends 200 | 202>(
  tx: Tx,
  c: Call,
  id: string,
  status: S,
) {
  const row = await findDocument(tx, c.tenantId, id)
  if (!row) throw missing()
  return reply(status, toDocument(row), { version: row.version })
}

export const changeHandler =
  ({ now }: Deps): Handler<typeof routes.changeDocument> =>
  (c, { param: { id }, json }) =>
    c.write(async (tx) => {
      const row = await openDocument(tx, c, id)
      const { filename: given, tags: names } = json
      const place = { in: 'body', pointer: '/filename' } as const
      const filename = given === undefined ? row.filename : safeFilename(given, place)
      const { tenantId } = c
      const of = { tenantId, documentId: id }
      const tags = names === undefined ? null : await setTags(tx, { ...of, names })
      if (tags || filename !== row.filename)
        await saveDocument(tx, { tenantId, id, filename, ...(tags && { tags }), at: now() })
      return documentReply(tx, c, id, 200)
    })

type RunPages = { jobId: string; pageCount: number | null }

export const deleteHandler =
  (deps: Deps): Handler<typeof routes.deleteDocument> =>
  async (c, { param: { id } }) => {
    const { tenantId, userId, keyId } = identityOf(c.identity)
    let pages: RunPages | null = null
    const answer = await c.write(async (tx) => {
      pages = await findDocument(tx, tenantId, id)
      await removeInVersion(tx, c, id)
      await appendAudit(tx, {
        tenantId,
        action: 'document.deleted',
        subjectType: 'document',
        subjectId: id,
        actor: { userId, keyId },
        requestId: c.requestId,
        at: deps.now(),
      })
      return reply(204, null)
    })
    if (pages) await forgetResults(deps.redis.cache, { tenantId, id, ...(pages as RunPages) })
    wakeWorkers(deps, c, 'cancel')
    return answer
  }

async function removeInVersion(tx: Tx, c: Call, documentId: string): Promise<void> {
  const { tenantId, requestId, ifMatch: versions } = c
  if (await removeDocument(tx, { tenantId, documentId, requestId, versions })) return
  const row = await findDocument(tx, tenantId, documentId)
  if (!row) throw missing()
  requireVersion(c, row.version)
  throw new AppError('conflict', 'The document has just changed.')
}

export const reprocessHandler =
  (deps: Deps): Handler<typeof routes.reprocessDocument> =>
  async (c, { param: { id }, query: { pages }, header }) => {
    const given = header['x-document-password']
    const passwordSealed = given ? await seal(deps.config.secret, headerText(given)) : null
    const answer = await c.write(async (tx) => {
      const row = await openDocument(tx, c, id)
      const { tenantId, userId, requestId } = c
      // First, while the document is still the old run's: its end must not end what the new one begins.
      await cancelJob(tx, { tenantId, id: row.jobId })
      if (passwordSealed) await replacePassword(tx, { tenantId, id, passwordSealed })
      const document = { tenantId, documentId: id }
      if (pages === 'unread' && (await reopenUnreadPages(tx, document)) === 0)
        throw new AppError('conflict', 'All of its pages have been read.')
      const by = { userId, requestId }
      await reprocessDocument(tx, { ...document, jobId: uuidv7(), ...by, pages })
      return documentReply(tx, c, id, 202)
    })
    wakeWorkers(deps, c, 'queued')
    return answer
  }

export const cancelHandler =
  (deps: Deps): Handler<typeof routes.cancelDocument> =>
  async (c, { param: { id } }) => {
    const answer = await c.write(async (tx) => {
      const row = await lockInVersion(tx, c, id)
      const { tenantId } = c
      const outcome = await cancelJob(tx, { tenantId, id: row.jobId })
      if (outcome === 'missing')
        throw new AppError('conflict', `The document is ${row.status}: nothing runs.`)
      return documentReply(tx, c, id, 202)
    })
    wakeWorkers(deps, c, 'cancel')
    return answer
  }

// Not awaited: a worker that hears nothing looks by itself within a quarter of a second.
export function wakeWorkers({ db }: Deps, c: Call, reason: 'queued' | 'cancel'): void {
  ringWorkers(db, reason).catch((err: unknown) => c.log.warn('workers were not woken', {}, err))
}
