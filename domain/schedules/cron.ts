import { Cron } from 'croner'
import { requireCron, requireTimeZone, type Timetable } from './timetable-fault.ts'

/**
 * @throws {TimetableFault} the expression or the zone cannot be followed; one that never comes can (it has no next time)
 */
export function requireTimetable({ cron, timeZone }: Timetable): void {
  requireCron(cron)
  requireTimeZone(timeZone)
}

/** @returns the first time after `after`, `null` when there is none before the year 10000 */
export function nextTime(timetable: Timetable, after: Date): Date | null {
  return open(timetable).nextRun(after)
}

/** @returns the next times after `after`, in order, fewer than `count` when there are no more */
export function nextTimes(timetable: Timetable, after: Date, count: number): Date[] {
  return open(timetable).nextRuns(count, after)
}

export type Span = {
  after: Date // not in it
  until: Date // in it
}

/**
 * The newest times of a span.
 * @returns in order, `max` at most; `isMore` when there are older ones in the span
 */
export function newestTimes(
  timetable: Timetable,
  { after, until }: Span,
  max: number,
): { times: Date[]; isMore: boolean } {
  const cron = open(timetable)
  const times: Date[] = []
  // Whole seconds are all that croner knows, and what is exactly at its reference does not come before it.
  let before = new Date(Math.floor(until.getTime() / 1000) * 1000 + 1000)
  for (;;) {
    const [time] = cron.previousRuns(1, before)
    if (!time || time <= after) return { times, isMore: false }
    if (times.length === max) return { times, isMore: true }
    times.unshift(time)
    before = time
  }
}

/**
 * When clocks change, an expression that names its hours (`30 2 * * *`, `0 2,14 * * *`) comes once for each time that it
 * names: after the gap, and at the first of two. One that does not (`*\/30 * * * *`) comes as time goes by.
 */
function open({ cron, timeZone }: Timetable): Cron {
  return new Cron(cron, {
    timezone: timeZone,
    mode: '5-or-6-parts',
    fixedTimeRule: 'no-wildcard',
    paused: true,
  })
}
