import { sql } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import type { Db, Tx } from '../../db/client.ts'
import type { jobSchedules } from '../../db/schema/schedules.ts'
import { type DueSchedule, lockDueSchedules } from '../../db/system.ts'
import { enqueueJobs, type NewJob } from '../jobs/queue.ts'
import { newestTimes, nextTime } from './cron.ts'

/** A time that nothing fired for this long has been missed. Longer than a restart of everything takes. */
const missedAfterMs = 30_000
/** Times that a schedule with the policy `all` makes up for at once; older ones are left out. */
const caughtUpMax = 100
const schedulesMax = 100

/** What came of a schedule's time. */
export type Firing = {
  tenantId: string
  scheduleId: string
  jobIds: string[] // with the policies `skip` and `once` perhaps of a job that has been waiting; none: all was left out
  leftOut: { from: Date; until: Date } | null // times that passed and get no job: the first, and before which
  fault: Error | null // it cannot be followed on this host: it is paused
}

type FireOptions = {
  now?: Date | undefined // default: the database's clock
  limit?: number | undefined // schedules
}

/**
 * Queues the jobs of the schedules whose time has come and moves each to its next time, in one transaction: a time
 * fires once however many hosts try, and one that dies half-way leaves it to another. Ring the workers afterwards.
 * @returns one for each schedule; as many as `limit` when more may be due
 */
export function fireDueSchedules(
  db: Db,
  { now, limit = schedulesMax }: FireOptions = {},
): Promise<Firing[]> {
  return db.transaction(async (tx) => {
    const found = await lockDueSchedules(tx, { now, limit })
    const plans = found.due.map((schedule) => planOf(schedule, found.now))
    const jobs = plans.flatMap((plan) => plan.jobs)
    const ids = await enqueueJobs(tx, jobs)
    const queued = new Map(jobs.map((job, index) => [job.id, ids[index] ?? job.id]))
    const jobIdsOf = (plan: Plan) => plan.jobs.map(({ id }) => queued.get(id) ?? id)
    const fired = plans.map((plan) => ({ ...plan, jobIds: jobIdsOf(plan) }))
    await moveOn(tx, fired, found.now)
    return fired.map(({ schedule: { tenantId, id: scheduleId }, jobIds, leftOut, fault }) => {
      return { tenantId, scheduleId, jobIds, leftOut, fault }
    })
  })
}

type Plan = Pick<Firing, 'leftOut' | 'fault'> & {
  schedule: DueSchedule
  times: Date[] // that get a job
  jobs: NewJob[]
  nextAt: Date | null
}

function planOf(schedule: DueSchedule, now: Date): Plan {
  try {
    const { times, leftOut } = timesToFire(schedule, now)
    const jobs = times.map((at) => jobOf(schedule, { id: uuidv7(), at }))
    return { schedule, times, jobs, leftOut, nextAt: nextTime(schedule, now), fault: null }
  } catch (err) {
    // E.g. a zone that this host's tables do not have. It may not keep the others from firing.
    const fault = err instanceof Error ? err : new Error(String(err))
    return { schedule, times: [], jobs: [], leftOut: null, nextAt: schedule.nextAt, fault }
  }
}

function timesToFire(schedule: DueSchedule, now: Date): Pick<Plan, 'times' | 'leftOut'> {
  const { nextAt, catchUp } = schedule
  const max = catchUp === 'all' ? caughtUpMax : 1
  const later = newestTimes(schedule, { after: nextAt, until: now }, max)
  // The time that was announced fires even if the zone's rules have changed since and it would come no more.
  const isFirstIn = later.times.length < max
  const times = isFirstIn ? [nextAt, ...later.times] : later.times
  const [first = nextAt] = times
  const isMissed = catchUp === 'skip' && now.getTime() - first.getTime() > missedAfterMs
  if (isMissed) return { times: [], leftOut: { from: nextAt, until: now } }
  return { times, leftOut: isFirstIn ? null : { from: nextAt, until: first } }
}

type Scheduled = Pick<typeof jobSchedules.$inferSelect, keyof Omit<DueSchedule, 'nextAt'>>

/**
 * The job of one time. While one that has not begun waits, `skip` and `once` queue no second: two that do the same are
 * of no use. With `all` each time has its own.
 */
export function jobOf(schedule: Scheduled, { id, at }: { id: string; at: Date }): NewJob {
  const scheduledAt = at.toISOString()
  const own = schedule.catchUp === 'all' ? `:${scheduledAt}` : ''
  return {
    id,
    tenantId: schedule.tenantId,
    kind: schedule.kind,
    payload: { ...schedule.payload, schedule_id: schedule.id, scheduled_at: scheduledAt },
    priority: schedule.priority,
    attemptsMax: schedule.attemptsMax,
    dedupeKey: `schedule:${schedule.id}${own}`,
    ...(schedule.userId !== null && { userId: schedule.userId }),
  }
}

async function moveOn(tx: Tx, fired: readonly (Plan & Pick<Firing, 'jobIds'>)[], now: Date) {
  if (fired.length === 0) return
  const nextAts = fired.map(({ nextAt }) => nextAt)
  const lastAts = fired.map(({ times }) => times.at(-1) ?? null)
  const lastJobIds = fired.map(({ jobIds }) => jobIds.at(-1) ?? null)
  const pausedAts = fired.map(({ fault }) => (fault ? now : null))
  await tx.execute(sql`
    update job_schedules s set next_at = m.next_at, paused_at = m.paused_at, version = s.version + 1,
      last_at = coalesce(m.last_at, s.last_at), last_job_id = coalesce(m.last_job_id, s.last_job_id)
    from unnest(${arrayOf(fired.map(({ schedule }) => schedule.tenantId))}::uuid[],
      ${arrayOf(fired.map(({ schedule }) => schedule.id))}::uuid[], ${arrayOf(nextAts)}::timestamptz[],
      ${arrayOf(lastAts)}::timestamptz[], ${arrayOf(lastJobIds)}::uuid[], ${arrayOf(pausedAts)}::timestamptz[])
      as m(tenant_id, id, next_at, last_at, last_job_id, paused_at)
    where s.tenant_id = m.tenant_id and s.id = m.id`)
}

/** Ids and times hold nothing that would need quotes. */
const arrayOf = (values: readonly (string | Date | null)[]): string =>
  `{${values.map((value) => (value instanceof Date ? value.toISOString() : (value ?? 'null'))).join(',')}}`
