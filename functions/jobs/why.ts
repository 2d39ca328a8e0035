import { explainJob } from '../../domain/jobs/why.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import { isVisible, missing } from './reading.ts'
import * as contract from './why-contract.ts'

/** Why a job waits. Without an ETag: the answer changes while the job does not. */
export const whyHandler =
  ({ db }: Deps): Handler<typeof contract.explainJob> =>
  async (c, { param: { id } }) => {
    const why = await explainJob(db, { tenantId: c.tenantId, id })
    if (!why || !isVisible(c, why)) throw missing()
    return reply(200, contract.toJobWhy(id, why))
  }
