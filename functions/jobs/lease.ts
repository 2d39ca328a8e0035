import type { LeasedJob } from '../../db/system.ts'
import type { Call } from '../_shared/http/call.ts'
import { AppError } from '../_shared/http/problems.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import { StreamPlaces } from '../_shared/http/stream-places.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import { claimJobs, giveBack, type TenantClaim } from './claims.ts'
import type * as contract from './contract-lease.ts'
import type { Doorbell } from './doorbell.ts'
import { listLeaseEnds } from './lease-queries.ts'
import { Presence } from './presence.ts'
import { refuseReservedKinds } from './rules.ts'

const pollMs = 200
const pollJitterMs = 100
// Before the deadline of the request, so that its reply is a list and not a 503.
const marginMs = 2_000
const waitBounds = { max: 200, perKeyMax: 50 } // in this process; each asks four times a second

/** Hands jobs to a worker that speaks HTTP; waits for some when it is asked to. */
export function leaseHandler(deps: Deps, bell: Doorbell): Handler<typeof contract.leaseJobs> {
  const places = new StreamPlaces(waitBounds, 'waiting lease requests')
  const { db, config } = deps
  const presence = new Presence(db)
  return async (c, { json }) => {
    const named = json.kinds.map((kind, index) => ({ kind, pointer: `/kinds/${index}` }))
    refuseReservedKinds(named, config.functionNames)
    const claim: TenantClaim = {
      tenantId: c.tenantId,
      afterTenantId: c.tenantId,
      worker: json.worker,
      limit: json.limit,
      leaseMs: json.lease_ms,
      places: Object.fromEntries(json.kinds.map((kind) => [kind, json.limit])),
    }
    const waitMs = Math.max(0, Math.min(json.wait_ms, config.requestTimeoutMs - marginMs))
    const aliveMs = waitMs + json.lease_ms
    const worker = { tenantId: c.tenantId, name: json.worker, places: claim.places, aliveMs }
    const [jobs] = await Promise.all([
      claimOrWait(deps, c, { claim, waitMs, places, bell }),
      presence.tell(worker, c.log),
    ])
    if (c.signal.aborted) {
      await giveBack(db, jobs, c.log)
      return reply(200, { jobs: [] })
    }
    const ends = await listLeaseEnds(db, c.tenantId, jobs)
    return reply(200, { jobs: jobs.map((job) => toLeasedJob(job, ends)) })
  }
}

type Waiting = { claim: TenantClaim; waitMs: number; places: StreamPlaces; bell: Doorbell }

async function claimOrWait(
  { db }: Deps,
  c: Call,
  { claim, waitMs, places, bell }: Waiting,
): Promise<LeasedJob[]> {
  let jobs = await claimJobs(db, claim, c.log)
  if (jobs.length > 0 || waitMs <= 0) return jobs
  places.refuseWhenFull(c, 'Ask without wait_ms, or with fewer requests at once.')
  const leave = places.take(c)
  const endsAtMs = performance.now() + waitMs
  const wanted = { tenantId: claim.tenantId, kinds: Object.keys(claim.places) }
  try {
    while (jobs.length === 0) {
      const leftMs = endsAtMs - performance.now()
      if (leftMs <= 0) break
      const pauseMs = Math.min(leftMs, pollMs + Math.random() * pollJitterMs)
      await bell.wait(wanted, pauseMs, c.signal)
      if (c.signal.aborted) break
      if (!(await c.stillAdmitted()))
        throw new AppError('unauthorized', 'The API key has lost its rights meanwhile.', {
          headers: { 'WWW-Authenticate': 'Bearer realm="octavo", error="invalid_token"' },
        })
      jobs = await claimJobs(db, claim, c.log)
    }
  } finally {
    leave()
  }
  return jobs
}

const toLeasedJob = (job: LeasedJob, ends: ReadonlyMap<string, string>) => ({
  id: job.id,
  kind: job.kind,
  lease_token: job.leaseToken,
  lease_expires_at: ends.get(job.id) ?? new Date(0).toISOString(),
  payload: job.payload,
  attempt: job.attempts,
  attempts_max: job.attemptsMax,
  run_ms_max: job.runMsMax,
  priority: job.priority,
  subject_id: job.subjectId,
  steps: job.steps,
})
