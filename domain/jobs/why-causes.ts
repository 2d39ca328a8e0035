import type { JobStatus } from '../../db/schema/jobs.ts'
import { aheadCountedMax, type LaneSettings, type WaitFacts } from '../../db/system-jobs-why.ts'
import {
  counted,
  type Estimate,
  meanMsOf,
  type Places,
  placesOf,
  runningMeanMs,
  startOf,
  unknown,
} from './why-estimate.ts'

/** One reason. `sentence` is for people, `data` for programs: JSON, times as ISO texts. */
export type Cause = Estimate & { sentence: string } & (
    | { cause: 'time'; data: { run_at: string } }
    | { cause: 'backoff'; data: BackoffData }
    | { cause: 'dependency'; data: DependencyData }
    | { cause: 'paused'; data: { scope: Scope; paused_at: string } }
    | { cause: 'tenant_limit'; data: LimitData & { scope: Exclude<Scope, 'kind'> } }
    | { cause: 'kind_limit'; data: LimitData }
    | { cause: 'no_worker'; data: { kind: string; last_seen_at: string | null } }
    | { cause: 'position'; data: PositionData }
    | { cause: 'about_to_start'; data: { ahead: number } }
    | { cause: 'running'; data: RunningData }
    | { cause: 'ended'; data: { status: JobStatus; finished_at: string; code: string | null } }
  )

/** Whose jobs a setting is for: of a kind in all tenants, of a tenant in all kinds, of one kind in one tenant. */
export type Scope = 'kind' | 'tenant' | 'tenant_kind'
type BackoffData = {
  run_at: string
  attempt: number // that failed
  attempts_max: number
  code: string
  failed_at: string
}
type DependencyData = {
  open: number
  will_be_cancelled: boolean
  jobs: { id: string; kind: string | null; status: JobStatus | null }[]
}
type LimitData = { running: number; running_max: number }
type PositionData = { ahead: number; is_capped: boolean; is_shared: boolean; places: number }
type RunningData = {
  worker: string
  attempt: number
  started_at: string
  heartbeat_at: string
  heartbeat_age_ms: number
  lease_expires_at: string
  cancel_requested: boolean
}

const iso = (time: string): string => new Date(time).toISOString()

export function pauses({ job, ...facts }: WaitFacts): Cause[] {
  const cause = (scope: Scope, what: string, settings: LaneSettings | null): Cause[] => {
    if (!settings?.pausedAt) return []
    const paused_at = iso(settings.pausedAt)
    return [
      {
        ...unknown('It is paused until somebody resumes it.'),
        cause: 'paused',
        sentence: `${what} have been paused since ${paused_at}.`,
        data: { scope, paused_at },
      },
    ]
  }
  return [
    ...cause('kind', `All jobs of the kind ${job.kind}`, facts.kindSettings),
    ...cause('tenant', 'All jobs of this tenant', facts.tenantSettings),
    ...cause('tenant_kind', `Jobs of the kind ${job.kind} in this tenant`, facts.laneSettings),
  ]
}

/** The moment before which it does not begin: chosen by who queued it, or after an attempt that failed. */
export function moments({ job }: WaitFacts): Cause[] {
  if (job.status !== 'waiting' || !job.isEarly) return []
  const run_at = iso(job.runAt)
  const when = { expectedAt: new Date(run_at), basis: 'It is queued at that time.' }
  if (job.attempts === 0 || !job.lastError) {
    const sentence = `It is not to begin before ${run_at}.`
    return [{ ...when, cause: 'time', sentence, data: { run_at } }]
  }
  const { attempt, at: failed_at, code } = job.lastError
  const sentence = `Attempt ${attempt} of ${job.attemptsMax} failed with ${code} at ${failed_at}; the next is not before ${run_at}.`
  const data = { run_at, attempt, attempts_max: job.attemptsMax, code, failed_at }
  return [{ ...when, cause: 'backoff', sentence, data }]
}

/** Limits that are reached. Counted is what the claim counts: all that runs, expired leases too. */
export function limits(facts: WaitFacts): Cause[] {
  const { job, running } = facts
  if (!job.isDue) return []
  const kindMs = meanMsOf(facts, job.kind)
  const kind = reached(facts, facts.kindSettings, running.ofKind)
  const tenant = reached(facts, facts.tenantSettings, running.ofTenant)
  const lane = reached(facts, facts.laneSettings, running.ofLane)
  const ofLane = `of the kind ${job.kind} in this tenant`
  return [
    ...tenant.map(
      ({ data, end, text }): Cause => ({
        ...end(runningMeanMs(facts)),
        ...{ cause: 'tenant_limit', sentence: text('of this tenant') },
        data: { scope: 'tenant', ...data },
      }),
    ),
    ...lane.map(
      ({ data, end, text }): Cause => ({
        ...end(kindMs),
        ...{ cause: 'tenant_limit', sentence: text(ofLane) },
        data: { scope: 'tenant_kind', ...data },
      }),
    ),
    ...kind.map(
      ({ data, end, text }): Cause => ({
        ...end(kindMs),
        ...{ cause: 'kind_limit', sentence: text(`of the kind ${job.kind}`), data },
      }),
    ),
  ]
}

type Reached = {
  data: LimitData
  end: (meanMs: number | null) => Estimate
  text: (whose: string) => string
}

function reached(facts: WaitFacts, settings: LaneSettings | null, running: number): Reached[] {
  const running_max = settings?.runningMax ?? null
  if (running_max === null || running < running_max) return []
  const { places } = placesOf(facts)
  // Whoever runs these jobs may not have reported himself; then there are as many places as the limit lets be.
  const line = { at: facts.at, before: facts.ahead, places: places || running_max, free: 0 }
  return [
    {
      data: { running, running_max },
      end: (meanMs) => startOf({ ...line, meanMs }),
      text: (whose) => `${running} of at most ${counted(running_max, 'job')} ${whose} run already.`,
    },
  ]
}

/** Somebody whose lease is alive works on the kind, whether or not he has reported himself. */
export function missingWorker({ job, supply, liveLeases, lastSeenAt }: WaitFacts): Cause[] {
  const { kind } = job
  if ((supply[kind]?.workers ?? 0) > 0 || liveLeases > 0) return []
  const last_seen_at = lastSeenAt && iso(lastSeenAt)
  const last = last_seen_at === null ? '' : ` The last was heard of at ${last_seen_at}.`
  const sentence = `No live worker takes jobs of the kind ${kind} for this tenant.${last}`
  const basis = 'It begins when a worker for its kind does.'
  return [{ ...unknown(basis), cause: 'no_worker', sentence, data: { kind, last_seen_at } }]
}

/** Its place in the lane: the last thing to wait for, and told along with others when there is something ahead. */
export function positions(facts: WaitFacts, isOnly: boolean): Cause[] {
  const { job, at, ahead, aheadElsewhere } = facts
  if (!job.isDue || (!isOnly && ahead === 0)) return []
  const { places, free }: Places = placesOf(facts)
  const before = ahead + aheadElsewhere
  const meanMs = meanMsOf(facts, job.kind)
  const start = startOf({ at, before, places, free, meanMs })
  const isNext = before < free || (before === 0 && places === 0)
  if (isOnly && isNext)
    return [
      { ...start, cause: 'about_to_start', sentence: 'It is about to begin.', data: { ahead } },
    ]
  const is_capped = ahead >= aheadCountedMax
  const is_shared = aheadElsewhere > 0
  const data = { ahead, is_capped, is_shared, places }
  return [{ ...start, cause: 'position', sentence: positionSentence(data), data }]
}

function positionSentence({ ahead, is_capped, is_shared, places }: PositionData): string {
  const line =
    ahead === 0
      ? 'It is the next of its kind in this tenant, and no place is free.'
      : `${is_capped ? 'At least ' : ''}${counted(ahead, 'job')} of its kind in this tenant ${ahead === 1 ? 'goes' : 'go'} first, on ${counted(places, 'place')}.`
  return is_shared ? `${line} Other tenants have their turns in between.` : line
}
