import { endUncompleted, tellChannel } from '../../domain/artifacts/completing.ts'
import { findVisibleVersion } from '../../domain/artifacts/versions.ts'
import { appendAudit } from '../../domain/audit/append.ts'
import { cancelJob, ringWorkers } from '../../domain/jobs/queue.ts'
import { type Call, identityOf, requireVersion } from '../_shared/http/call.ts'
import type { Tx } from '../_shared/http/idempotency.ts'
import { AppError } from '../_shared/http/problems.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import type * as contract from './contract.ts'
import type { cancelVersion } from './contract-versions.ts'
import { missing, moderates, type Opened, openArtifact, openExpected, readerOf } from './place.ts'
import { deleteArtifactRow, listOpenJobIds, saveArtifact } from './queries.ts'
import { toArtifact, toVersion } from './representation.ts'

export const changeHandler =
  ({ now }: Deps): Handler<typeof contract.changeArtifact> =>
  (c, { param: { id }, json: { title } }) =>
    c.write(async (tx) => {
      const { artifact } = await openExpected(tx, c, id)
      const at = now()
      const row = await saveArtifact(tx, artifact, { title, at })
      const by = { actorUserId: c.userId, at }
      await tellChannel(tx, row, {
        ...by,
        type: 'artifact.changed',
        data: { version: row.version },
      })
      return reply(200, toArtifact(row), { version: row.version })
    })

const refuseOthers = (c: Call, { artifact, channel }: Opened, createdByUserId: string): void => {
  if (createdByUserId === c.userId || moderates(c, channel)) return
  const who = artifact.channelId === null ? 'an admin' : 'a moderator of its channel'
  throw new AppError('forbidden', `Only who made it may do this, and ${who}.`)
}

export const deleteHandler = (deps: Deps): Handler<typeof contract.deleteArtifact> => {
  return async (c, { param: { id } }) => {
    const answer = await c.write(async (tx) => {
      // Before anything else: an attempt holds its job when it comes to the channel and the artifact.
      const { tenantId } = c
      for (const jobId of await listOpenJobIds(tx, { tenantId, id }))
        await cancelJob(tx, { tenantId, id: jobId })
      const opened = await openExpected(tx, c, id)
      const { artifact } = opened
      refuseOthers(c, opened, artifact.createdByUserId)
      await deleteArtifactRow(tx, artifact)
      const at = deps.now()
      await tellChannel(tx, artifact, { type: 'artifact.deleted', actorUserId: c.userId, at })
      await recordDeletion(tx, c, { opened, at })
      return reply(204, null)
    })
    await ringForCancel(deps, c)
    return answer
  }
}

async function recordDeletion(tx: Tx, c: Call, { opened, at }: { opened: Opened; at: Date }) {
  const { tenantId, userId, keyId } = identityOf(c.identity)
  const { id, channelId, documentId, createdByUserId } = opened.artifact
  const detail = { channel_id: channelId, document_id: documentId, created_by: createdByUserId }
  const subject = { subjectType: 'artifact', subjectId: id, action: 'artifact.deleted' }
  const { requestId } = c
  await appendAudit(tx, { tenantId, ...subject, actor: { userId, keyId }, requestId, detail, at })
}

/** After the commit; a failure here must not fail the request, for workers look by themselves. */
const ringForCancel = ({ db }: Deps, c: Call): Promise<void> =>
  ringWorkers(db, 'cancel').catch((err: unknown) => c.log.warn('workers were not rung', {}, err))

export const cancelHandler =
  (deps: Deps): Handler<typeof cancelVersion> =>
  async (c, { param: { id, number } }) => {
    const answer = await c.write(async (tx) => {
      const seen = await findVisibleVersion(tx, readerOf(c), { artifactId: id, number })
      if (!seen) throw missing()
      const { jobId } = seen.version
      const isOpen = seen.version.status === 'streaming'
      const asked =
        jobId !== null && isOpen ? await cancelJob(tx, { tenantId: c.tenantId, id: jobId }) : null
      const opened = await openArtifact(tx, c, id)
      refuseOthers(c, opened, seen.version.createdByUserId)
      requireVersion(c, seen.version.version)
      const by = { actorUserId: c.userId, at: deps.now() }
      // A running attempt is told, and ends it.
      if (asked !== 'requested')
        await endUncompleted(tx, opened.artifact, { number, jobId, failure: null, ...by })
      const now = await findVisibleVersion(tx, readerOf(c), { artifactId: id, number })
      if (!now) throw missing()
      const { version } = now
      if (version.status === 'completed' || version.status === 'failed')
        throw new AppError('conflict', `The version has ended: it is ${version.status}.`)
      return reply(202, toVersion(version), { version: version.version })
    })
    await ringForCancel(deps, c)
    return answer
  }
