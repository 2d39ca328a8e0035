import { batchEndJobKind } from '../../db/batch-items.ts'
import { publishBatchEnd } from '../../domain/batches/ending.ts'
import { beginItem, findItemOfJob } from '../../domain/batches/items.ts'
import { batchItemJobKind, batchStartJobKind } from '../../domain/batches/kinds.ts'
import { startItems } from '../../domain/batches/starting.ts'
import { JobMoot } from '../../domain/jobs/outcome.ts'
import type { JobHandler, JobKinds } from '../_shared/ports/jobs.ts'
import { operations } from './operations.ts'

const startNext: JobHandler = async ({ job }) => ({
  effect: (tx) =>
    startItems(tx, {
      tenantId: job.tenantId,
      batchId: job.subjectId ?? '',
      after: Number(job.payload.after ?? -1),
    }),
})

const doItem: JobHandler = async (context) => {
  const { deps, job } = context
  const item = await findItemOfJob(deps.db, job)
  if (!item || item.operation === 'extract') throw new JobMoot('The item is gone.')
  await beginItem(deps.db, job)
  return operations[item.operation](context, item)
}

const tellEnd: JobHandler = async ({ job }) => ({
  effect: (tx) => publishBatchEnd(tx, { tenantId: job.tenantId, id: job.subjectId ?? '' }),
})

export const jobs: JobKinds = {
  [batchStartJobKind]: { handler: startNext, history: 'unsuccessful' },
  // With history: the end of an item is read from it.
  [batchItemJobKind]: doItem,
  [batchEndJobKind]: { handler: tellEnd, history: 'unsuccessful' },
}
