import type { Tx } from '../../db/client.ts'
import { retryDelayMs } from '../../domain/jobs/backoff.ts'
import { completeJob, failJob, type Lease, releaseJob } from '../../domain/jobs/lease.ts'
import { LeaseLost } from '../../domain/jobs/outcome.ts'
import { reportAttempt } from '../../domain/jobs/report.ts'
import type { Call } from '../_shared/http/call.ts'
import { AppError } from '../_shared/http/problems.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import { toJob } from './contract.ts'
import type * as contract from './contract-lease.ts'
import { findJob, type JobRow } from './queries.ts'

type Named = { param: { id: string }; json: { lease_token: string } }

const leaseOf = (c: Call, { param, json }: Named): Lease => ({
  tenantId: c.tenantId,
  id: param.id,
  leaseToken: json.lease_token,
})

/** Writes for an attempt; a lease that is lost becomes what the caller may read. */
async function fenced<T>(tx: Tx, lease: Lease, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (err) {
    if (err instanceof LeaseLost) throw await lost(tx, lease, err)
    throw err
  }
}

async function lost(tx: Tx, { tenantId, id }: Lease, cause: LeaseLost): Promise<AppError> {
  const row = await findJob(tx, tenantId, id)
  if (!row) return new AppError('not_found', 'There is nothing here.')
  return new AppError('lease_lost', 'This attempt does not own the job any more.', {
    cause,
    hint: `Stop it: the job is ${row.status}, and nothing of this call was written.`,
  })
}

async function existing(tx: Tx, { tenantId, id }: Lease): Promise<JobRow> {
  const row = await findJob(tx, tenantId, id)
  if (row) return row
  throw new AppError('not_found', 'There is nothing here.')
}

async function jobReply(tx: Tx, lease: Lease) {
  const row = await existing(tx, lease)
  return reply(200, toJob(row), { version: row.version })
}

export const heartbeat: Handler<typeof contract.heartbeatJob> = (c, input) =>
  c.write(async (tx) => {
    const lease = leaseOf(c, input)
    const { lease_ms: leaseMs, progress, log } = input.json
    const report = { leaseMs: leaseMs ?? null, progress: progress ?? null, log }
    const held = await fenced(tx, lease, () => reportAttempt(tx, lease, report))
    return reply(200, {
      cancel_requested: held.isCancelRequested,
      lease_expires_at: held.leaseExpiresAt.toISOString(),
    })
  })

export const complete: Handler<typeof contract.completeJob> = (c, input) =>
  c.write(async (tx) => {
    const lease = leaseOf(c, input)
    await fenced(tx, lease, () => completeJob(tx, lease, input.json.result))
    return jobReply(tx, lease)
  })

export const fail: Handler<typeof contract.failJob> = (c, input) =>
  c.write(async (tx) => {
    const lease = leaseOf(c, input)
    const { code, message, final: isFinal, retry_ms: given } = input.json
    const { attempts } = await existing(tx, lease)
    const retryMs = given ?? retryDelayMs(Math.max(1, attempts), Math.random())
    const outcome = { fault: { code, message, isFinal }, retryMs }
    await fenced(tx, lease, () => failJob(tx, lease, outcome))
    return jobReply(tx, lease)
  })

export const release: Handler<typeof contract.releaseJob> = (c, input) =>
  c.write(async (tx) => {
    const lease = leaseOf(c, input)
    await fenced(tx, lease, async () => {
      if (!(await releaseJob(tx, lease))) throw new LeaseLost(lease.id)
    })
    return jobReply(tx, lease)
  })
