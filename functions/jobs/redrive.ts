import { redriveJob, redriveJobs, StepUnknown } from '../../domain/jobs/redrive.ts'
import { requireVersion } from '../_shared/http/call.ts'
import { AppError } from '../_shared/http/problems.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import { toJob } from './contract.ts'
import type * as contract from './contract-redrive.ts'
import { findJob } from './queries.ts'
import { missing } from './reading.ts'
import { wakeWorkers } from './waking.ts'

export const redriveHandler =
  (deps: Deps): Handler<typeof contract.redriveJob> =>
  async (c, { param: { id }, json }) => {
    const answer = await c.write(async (tx) => {
      const { tenantId } = c
      const { attempts, from_step: fromStep } = json
      const before = await findJob(tx, tenantId, id)
      if (!before) throw missing()
      requireVersion(c, before.version)
      const redrive = { tenantId, id, attempts, ...(fromStep !== undefined && { fromStep }) }
      const outcome = await redriveJob(tx, redrive).catch((err: unknown) => {
        throw err instanceof StepUnknown ? unknownStep(err) : err
      })
      if (outcome === 'missing') throw missing()
      if (outcome !== 'queued')
        throw new AppError('conflict', 'Only a failed, dead or cancelled job is queued again.')
      const row = await findJob(tx, tenantId, id)
      if (!row) throw new Error('a job that was just queued is not there')
      return reply(202, toJob(row), { version: row.version })
    })
    wakeWorkers(deps, c, 'queued')
    return answer
  }

function unknownStep({ message }: StepUnknown): AppError {
  return new AppError('invalid', `body /from_step: ${message}`, {
    errors: [{ in: 'body', pointer: '/from_step', code: 'unknown_step', detail: message }],
  })
}

export const redriveManyHandler =
  (deps: Deps): Handler<typeof contract.redriveJobs> =>
  async (c, { json }) => {
    const { kind, ...rest } = json
    const redrive = { tenantId: c.tenantId, ...rest, ...(kind !== undefined && { kind }) }
    const answer = await c.write(async (tx) =>
      reply(202, { count: await redriveJobs(tx, redrive) }),
    )
    wakeWorkers(deps, c, 'queued')
    return answer
  }
