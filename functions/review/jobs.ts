import * as z from 'zod'
import { JobFailure } from '../../domain/jobs/outcome.ts'
import { AppError } from '../_shared/http/problems.ts'
import type { JobHandler, JobKinds } from '../_shared/ports/jobs.ts'
import { agreementJobKind, chosenDocuments, computeAgreement, shortened } from './agreement.ts'
import { annotationsInJobMax } from './contract-agreement.ts'

const Payload = z.object({
  document_ids: z.array(z.uuid()).optional(),
  batch_id: z.uuid().optional(),
  pages: z.boolean(),
})

const agree: JobHandler = async ({ deps: { db }, job: { tenantId, payload }, signal }) => {
  const parsed = Payload.safeParse(payload)
  if (!parsed.success) throw new JobFailure('invalid', 'The payload has another form.', true)
  const { document_ids: documentIds, batch_id: batchId, pages } = parsed.data
  try {
    const result = await computeAgreement(db, {
      tenantId,
      documentIds: await chosenDocuments(db, tenantId, { documentIds, batchId }),
      withPages: pages,
      annotationsMax: annotationsInJobMax,
      effortMax: { comparisons: Infinity, comparisonsAtOnce: Infinity },
      pause: async () => signal.throwIfAborted(),
    })
    return { result: shortened(result) }
  } catch (err) {
    // What was asked for is gone or too much: another attempt would find the same.
    if (err instanceof AppError) throw new JobFailure(err.code, err.message, true)
    throw err
  }
}

export const jobs: JobKinds = {
  [agreementJobKind]: { handler: agree, isolation: 'process', runMsMax: 10 * 60_000 },
}
