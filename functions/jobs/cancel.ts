import { batchStartJobKind } from '../../domain/batches/kinds.ts'
import { blobDeletionJobKind } from '../../domain/documents/processing.ts'
import { cancelJob } from '../../domain/jobs/queue.ts'
import { requireVersion } from '../_shared/http/call.ts'
import { AppError } from '../_shared/http/problems.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import * as contract from './contract.ts'
import { findJob } from './queries.ts'
import { missing } from './reading.ts'
import { wakeWorkers } from './waking.ts'

export const cancelHandler =
  (deps: Deps): Handler<typeof contract.cancelJob> =>
  async (c, { param: { id } }) => {
    const answer = await c.write(async (tx) => {
      const { tenantId } = c
      const row = await findJob(tx, tenantId, id)
      if (!row) throw missing()
      requireVersion(c, row.version)
      if (row.kind === blobDeletionJobKind)
        throw new AppError('conflict', 'The removal of stored bytes cannot be cancelled.')
      if (row.kind === batchStartJobKind)
        throw new AppError('conflict', 'A batch would never end without it.', {
          hint: `Cancel the batch: POST /v1/batches/${row.subjectId}/cancel.`,
        })
      if ((await cancelJob(tx, { tenantId, id })) === 'missing')
        throw new AppError('conflict', 'The job has ended already.')
      const changed = (await findJob(tx, tenantId, id)) ?? row
      return reply(202, contract.toJob(changed), { version: changed.version })
    })
    wakeWorkers(deps, c, 'cancel')
    return answer
  }
