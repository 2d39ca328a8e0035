import { uuidv7 } from 'uuidv7'
import { enqueueJob, ringWorkers } from '../../domain/jobs/queue.ts'
import { type Call, identityOf } from '../_shared/http/call.ts'
import { AppError } from '../_shared/http/problems.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import { agreementJobKind, chosenDocuments, computeAgreement } from './agreement.ts'
import * as contract from './contract-agreement.ts'

export const getHandler =
  ({ db }: Deps): Handler<typeof contract.getAgreement> =>
  async (c, { query }) => {
    const { document_id: documentId, document_ids: many, batch_id: batchId } = query
    if (documentId !== undefined && many !== undefined)
      throw new AppError('invalid', 'Name either one document or several.')
    const choice = { documentIds: documentId === undefined ? many : [documentId], batchId }
    const report = await computeAgreement(db, {
      tenantId: c.tenantId,
      documentIds: await chosenDocuments(db, c.tenantId, choice),
      withPages: query.pages === 'true',
      annotationsMax: contract.annotationsAtOnceMax,
      effortMax: contract.effortAtOnceMax,
      pause: () => pauseOf(c),
    })
    return reply(200, report)
  }

/** Other requests of the process run meanwhile. */
async function pauseOf({ signal }: Call): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0))
  signal.throwIfAborted()
}

export const requestHandler =
  ({ db }: Deps): Handler<typeof contract.requestAgreement> =>
  async (c, { json: { document_ids: documentIds, batch_id: batchId, pages } }) => {
    const { tenantId, userId } = identityOf(c.identity)
    const answer = await c.write(async (tx) => {
      await chosenDocuments(tx, tenantId, { documentIds, batchId })
      const payload = { document_ids: documentIds, batch_id: batchId, pages }
      const { requestId } = c
      const id = await enqueueJob(tx, {
        ...{ tenantId, id: uuidv7(), kind: agreementJobKind, userId, requestId },
        payload,
      })
      return reply(202, { job_id: id }, { headers: { Location: `/v1/jobs/${id}` } })
    })
    // Not awaited: a worker that hears nothing looks by itself within a quarter of a second.
    ringWorkers(db).catch((err: unknown) => c.log.warn('workers were not woken', {}, err))
    return answer
  }
