import type * as z from 'zod'
import type { Tx } from '../../db/client.ts'
import { appendAudit } from '../../domain/audit/append.ts'
import { type Call, identityOf } from '../_shared/http/call.ts'
import { AppError } from '../_shared/http/problems.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import type * as contract from './contract-limits.ts'
import {
  type LimitRow,
  listKindLimits,
  listTenantLimits,
  removeKindLimit,
  removeTenantLimit,
  saveKindLimit,
  saveTenantLimit,
} from './limit-queries.ts'
import { missing } from './reading.ts'
import { wakeWorkers } from './waking.ts'

type LimitBody = z.input<typeof contract.JobLimit>

const toLimit = ({ kind, runningMax, pausedAt }: LimitRow): LimitBody => ({
  kind,
  running_max: runningMax,
  paused_at: pausedAt?.toISOString() ?? null,
})

type Change = { subjectType: 'job_limit' | 'job_kind'; action: string; detail: object; at: Date }

// A limit has no id of its own: its subject is the tenant, and the detail names the kind.
async function record(tx: Tx, c: Call, { detail, ...change }: Change): Promise<void> {
  const { tenantId, userId, keyId } = identityOf(c.identity)
  const who = { tenantId, subjectId: tenantId, actor: { userId, keyId }, requestId: c.requestId }
  await appendAudit(tx, { ...who, ...change, detail: { ...detail } })
}

export const listLimits =
  ({ db }: Deps): Handler<typeof contract.listJobLimits> =>
  async (c) =>
    reply(200, { items: (await listTenantLimits(db, c.tenantId)).map(toLimit) })

export const putLimit =
  (deps: Deps): Handler<typeof contract.putJobLimit> =>
  async (c, { param: { kind }, json }) => {
    const answer = await c.write(async (tx) => {
      const { running_max: runningMax, paused } = json
      const row = await saveTenantLimit(tx, { tenantId: c.tenantId, kind, runningMax, paused })
      if (!row)
        throw new AppError('conflict', 'The tenant has as many limits as it may.', {
          hint: 'Remove one that is not needed, or limit all kinds together with "*".',
        })
      const change = { subjectType: 'job_limit', action: 'job_limit.set' } as const
      await record(tx, c, { ...change, detail: { kind, ...json }, at: deps.now() })
      return reply(200, toLimit(row))
    })
    wakeWorkers(deps, c, 'queued')
    return answer
  }

export const deleteLimit =
  (deps: Deps): Handler<typeof contract.deleteJobLimit> =>
  async (c, { param: { kind } }) => {
    const answer = await c.write(async (tx) => {
      if (!(await removeTenantLimit(tx, { tenantId: c.tenantId, kind }))) throw missing()
      const change = { subjectType: 'job_limit', action: 'job_limit.removed' } as const
      await record(tx, c, { ...change, detail: { kind }, at: deps.now() })
      return reply(204, null)
    })
    wakeWorkers(deps, c, 'queued')
    return answer
  }

export const listKinds =
  ({ db }: Deps): Handler<typeof contract.listJobKinds> =>
  async () =>
    reply(200, { items: (await listKindLimits(db)).map(toLimit) })

export const putKind =
  (deps: Deps): Handler<typeof contract.putJobKind> =>
  async (c, { param: { kind }, json }) => {
    const answer = await c.write(async (tx) => {
      const { running_max: runningMax, paused } = json
      const row = await saveKindLimit(tx, { kind, runningMax, paused })
      if (!row) throw new Error('a kind that was just saved is not there')
      const change = { subjectType: 'job_kind', action: 'job_kind.set' } as const
      await record(tx, c, { ...change, detail: { kind, ...json }, at: deps.now() })
      return reply(200, toLimit(row))
    })
    wakeWorkers(deps, c, 'queued')
    return answer
  }

export const deleteKind =
  (deps: Deps): Handler<typeof contract.deleteJobKind> =>
  async (c, { param: { kind } }) => {
    const answer = await c.write(async (tx) => {
      if (!(await removeKindLimit(tx, kind))) throw missing()
      const change = { subjectType: 'job_kind', action: 'job_kind.removed' } as const
      await record(tx, c, { ...change, detail: { kind }, at: deps.now() })
      return reply(204, null)
    })
    wakeWorkers(deps, c, 'queued')
    return answer
  }
