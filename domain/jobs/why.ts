import type { Db } from '../../db/client.ts'
import type { JobStatus } from '../../db/schema/jobs.ts'
import { readWaitFacts, type WaitFacts, type WaitingJob } from '../../db/system-jobs-why.ts'
import { type Cause, limits, missingWorker, moments, pauses, positions } from './why-causes.ts'
import { dependencies, isDoomed } from './why-dependencies.ts'
import { type Estimate, latestOf, unknown } from './why-estimate.ts'

export type { Cause } from './why-causes.ts'

/** Why a job has not begun. `causes` is never empty; the start is expected when the last of them ends. */
export type JobWhy = Estimate & {
  status: JobStatus
  userId: string | null // who asked for the job
  at: Date // when all this held, by the database's clock
  causes: [Cause, ...Cause[]]
}

/**
 * All that keeps a job from running now, the decisive cause first: what nothing but a person will end, then what has to
 * happen before it can be queued, then what holds it in the queue. Read in one statement, from what the claim reads.
 * @returns `null`: there is no such job
 */
export async function explainJob(
  db: Db,
  job: { tenantId: string; id: string },
): Promise<JobWhy | null> {
  const facts = await readWaitFacts(db, job)
  if (!facts) return null
  const causes = causesOf(facts)
  const { status, userId } = facts.job
  return { ...latestOf(causes), status, userId, at: new Date(facts.at), causes }
}

function causesOf(facts: WaitFacts): [Cause, ...Cause[]] {
  const { job } = facts
  if (job.status === 'running') return [running(job, facts.at)]
  if (job.finishedAt !== null) return [ended(job, job.finishedAt)]
  const others = dependencies(facts)
  const doom = others.filter(isDoomed)
  const before = [...pauses(facts), ...others, ...moments(facts)]
  const inQueue = [...limits(facts), ...missingWorker(facts)]
  const held = doom.length > 0 ? doom : [...before, ...inQueue]
  const [first, ...rest] = [...held, ...positions(facts, held.length === 0)]
  if (!first) throw new Error(`nothing keeps the job, and its status is ${job.status}`)
  return [first, ...rest]
}

function running(job: WaitingJob, now: string): Cause {
  const time = (value: string | null): string => new Date(value ?? now).toISOString()
  const started_at = time(job.leasedAt)
  const heartbeat_at = time(job.heartbeatAt)
  const heartbeat_age_ms = Math.max(0, Date.parse(now) - Date.parse(heartbeat_at))
  const lease_expires_at = time(job.leaseExpiresAt)
  const worker = job.leasedBy ?? ''
  const isLost = Date.parse(lease_expires_at) < Date.parse(now)
  const tail = isLost ? ` Its lease ended at ${lease_expires_at}: it will be taken back.` : ''
  return {
    ...unknown('It has begun.'),
    cause: 'running',
    sentence: `${worker} has been running attempt ${job.attempts} since ${started_at}.${tail}`,
    data: {
      ...{ worker, attempt: job.attempts, started_at, heartbeat_at, heartbeat_age_ms },
      ...{ lease_expires_at, cancel_requested: job.isCancelRequested },
    },
  }
}

function ended({ status, lastError }: WaitingJob, finishedAt: string): Cause {
  const finished_at = new Date(finishedAt).toISOString()
  const code = status === 'completed' ? null : (lastError?.code ?? null)
  return {
    ...unknown('It has ended.'),
    cause: 'ended',
    sentence: `It ended as ${status} at ${finished_at}.`,
    data: { status, finished_at, code },
  }
}
