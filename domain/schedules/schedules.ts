import { and, asc, eq, gt, sql } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import type { Db, Tx } from '../../db/client.ts'
import { type CatchUpPolicy, jobSchedules } from '../../db/schema/schedules.ts'
import { enqueueJob } from '../jobs/queue.ts'
import { nextTime, nextTimes, requireTimetable } from './cron.ts'
import { jobOf } from './firing.ts'

export type ScheduleRow = typeof jobSchedules.$inferSelect

/** What a schedule says, apart from whose it is and how it stands. */
export type ScheduleContent = {
  name: string
  kind: string
  payload: Record<string, unknown>
  priority: number // larger first
  attemptsMax: number // of each of its jobs
  cron: string
  timeZone: string // IANA
  catchUp: CatchUpPolicy
}

const owned = (tenantId: string, id: string) =>
  and(eq(jobSchedules.tenantId, tenantId), eq(jobSchedules.id, id))

/** The time by which schedules fire: the database's, because hosts may disagree. */
export async function scheduleClock(db: Db | Tx): Promise<Date> {
  const [row] = await db.execute<{ at: string }>(sql`select clock_timestamp() as at`)
  if (!row) throw new Error('the database did not say what time it is')
  return new Date(row.at)
}

type NewSchedule = ScheduleContent & { tenantId: string; userId: string | null }

/**
 * @param now by {@link scheduleClock}; its first time comes after it
 * @throws {TimetableFault}
 */
export async function insertSchedule(tx: Tx, schedule: NewSchedule, now: Date) {
  requireTimetable(schedule)
  const nextAt = nextTime(schedule, now)
  const values = { ...schedule, id: uuidv7(), nextAt, createdAt: now }
  const [row] = await tx.insert(jobSchedules).values(values).returning()
  if (!row) throw new Error('an inserted schedule was not returned')
  return row
}

/** The row, held until the transaction ends: it does not fire meanwhile. `null`: there is none. */
export async function holdSchedule(
  tx: Tx,
  tenantId: string,
  id: string,
): Promise<ScheduleRow | null> {
  const [row] = await tx.select().from(jobSchedules).where(owned(tenantId, id)).for('update')
  return row ?? null
}

type ListSchedules = { tenantId: string; after: string | null; limit: number }

/** Oldest first. */
export const listSchedules = (
  db: Db,
  { tenantId, after, limit }: ListSchedules,
): Promise<ScheduleRow[]> =>
  db
    .select()
    .from(jobSchedules)
    .where(
      and(
        eq(jobSchedules.tenantId, tenantId),
        after === null ? undefined : gt(jobSchedules.id, after),
      ),
    )
    .orderBy(asc(jobSchedules.id))
    .limit(limit)

type Change = Partial<ScheduleContent> & { pausedAt?: Date | null; nextAt?: Date | null }

async function saveSchedule(tx: Tx, row: ScheduleRow, change: Change): Promise<ScheduleRow> {
  const [saved] = await tx
    .update(jobSchedules)
    .set({ ...change, version: sql`${jobSchedules.version} + 1` })
    .where(owned(row.tenantId, row.id))
    .returning()
  if (!saved) throw new Error('a held schedule was not updated')
  return saved
}

/**
 * Changes a schedule that {@link holdSchedule} holds. With another expression or zone its next time is the first after
 * `now`; what changes nothing makes no new version.
 * @throws {TimetableFault}
 */
export async function changeSchedule(
  tx: Tx,
  row: ScheduleRow,
  { wanted, now }: { wanted: Partial<ScheduleContent>; now: Date },
): Promise<ScheduleRow> {
  const changed = Object.entries(wanted).filter(
    ([key, value]) => !isSame(row[key as keyof ScheduleContent], value),
  )
  if (changed.length === 0) return row
  const change: Change = Object.fromEntries(changed)
  if (change.cron !== undefined || change.timeZone !== undefined) {
    const timetable = { cron: row.cron, timeZone: row.timeZone, ...change }
    requireTimetable(timetable)
    change.nextAt = nextTime(timetable, now)
  }
  return saveSchedule(tx, row, change)
}

/** Of JSON values; the order of keys is nothing that jsonb keeps. */
function isSame(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || !a || !b) return a === b
  const [left, right] = [new Map(Object.entries(a)), new Map(Object.entries(b))]
  if (left.size !== right.size || Array.isArray(a) !== Array.isArray(b)) return false
  return [...left].every(([key, value]) => right.has(key) && isSame(value, right.get(key)))
}

/** Nothing fires until it is resumed; {@link runSchedule} still works. */
export const pauseSchedule = (tx: Tx, row: ScheduleRow, now: Date): Promise<ScheduleRow> =>
  row.pausedAt ? Promise.resolve(row) : saveSchedule(tx, row, { pausedAt: now })

/**
 * Goes on with the first time after `now`: what came while it was paused was not wanted and is not made up for.
 * @throws {TimetableFault} it was paused because it cannot be followed, and still cannot be
 */
export async function resumeSchedule(tx: Tx, row: ScheduleRow, now: Date): Promise<ScheduleRow> {
  if (!row.pausedAt) return row
  requireTimetable(row)
  return saveSchedule(tx, row, { pausedAt: null, nextAt: nextTime(row, now) })
}

/** Its jobs stay: those that wait are still run. */
export async function deleteSchedule(tx: Tx, { tenantId, id }: ScheduleRow): Promise<void> {
  await tx.delete(jobSchedules).where(owned(tenantId, id))
}

type RunNow = { now: Date; userId: string; requestId: string }

/**
 * Queues a job of the schedule at once; its next time stays as it is.
 * @returns the id of the job that will run; perhaps of one that waits already, see {@link jobOf}
 */
export const runSchedule = (
  tx: Tx,
  row: ScheduleRow,
  { now, userId, requestId }: RunNow,
): Promise<string> =>
  enqueueJob(tx, { ...jobOf({ ...row, userId }, { id: uuidv7(), at: now }), requestId })

/** The next times as they are planned, in order; none when it is paused. */
export function plannedTimes(row: ScheduleRow, now: Date, count: number): Date[] {
  return row.pausedAt ? [] : nextTimes(row, now, count)
}
