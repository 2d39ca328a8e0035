import { sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import type { Db } from '../../db/client.ts'
import { storeSchedule } from '../../test/fixtures/schedule.ts'
import { eventually } from '../../test/harness/eventually.ts'
import { deleteTenant } from '../identity/tenants.ts'
import { fireDueSchedules } from './firing.ts'
import {
  changeSchedule,
  deleteSchedule,
  holdSchedule,
  pauseSchedule,
  plannedTimes,
  resumeSchedule,
  runSchedule,
  type ScheduleRow,
} from './schedules.ts'

type Stored = Awaited<ReturnType<typeof storeSchedule>>

const at = (clock: string) => new Date(`2026-11-20T${clock}Z`)
const text = (clock: string) => at(clock).toISOString()

/** What came of this schedule alone. */
async function fire({ db, id }: Stored, now: Date) {
  const firings = await fireDueSchedules(db, { now })
  return firings.find(({ scheduleId }) => scheduleId === id)
}

/** Changes it as a request does. */
function change<T>({ db, tenantId, id }: Stored, work: Change<T>): Promise<T> {
  return db.transaction(async (tx) => {
    const row = await holdSchedule(tx, tenantId, id)
    if (!row) throw new Error('the schedule is gone')
    return work(tx, row)
  })
}
type Change<T> = (tx: Parameters<typeof holdSchedule>[0], row: ScheduleRow) => Promise<T>

test('a job carries the payload of its schedule, which it is and what time it is for', async () => {
  const schedule = await storeSchedule(text('08:00:00'), { priority: 7, attemptsMax: 2 })
  await fire(schedule, at('08:01:00.250'))
  const [job] = await schedule.jobs()
  expect(job).toMatchObject({
    payload: { of: 'test', schedule_id: schedule.id, scheduled_at: text('08:01:00') },
    ...{ kind: schedule.kind, priority: 7, attemptsMax: 2, status: 'queued' },
  })
  expect(await schedule.row()).toMatchObject({
    ...{ lastAt: at('08:01:00'), lastJobId: job?.id, nextAt: at('08:02:00'), version: 2 },
  })
})

test('nothing fires before its time', async () => {
  const schedule = await storeSchedule(text('08:00:00'))
  expect(await fire(schedule, at('08:00:59.999'))).toBeUndefined()
  expect(await schedule.waiting()).toEqual([])
})

test('by the database’s clock a time that is past fires, and one to come does not', async () => {
  const past = await storeSchedule('2020-01-01T00:00:00Z')
  const future = await storeSchedule('2120-01-01T00:00:00Z')
  await fireDueSchedules(past.db)
  expect(await past.waiting()).toHaveLength(1)
  expect(await future.waiting()).toEqual([])
})

test('after an hour without a host `skip` leaves out what was missed', async () => {
  const schedule = await storeSchedule(text('08:00:00'), { catchUp: 'skip' })
  const firing = await fire(schedule, at('09:00:31'))
  expect(firing).toMatchObject({
    jobIds: [],
    leftOut: { from: at('08:01:00'), until: at('09:00:31') },
  })
  expect(await schedule.row()).toMatchObject({ lastAt: null, nextAt: at('09:01:00') })
  await fire(schedule, at('09:01:00'))
  expect(await schedule.waiting()).toEqual([text('09:01:00')])
})

test('a time that is only half a minute old has not been missed', async () => {
  const schedule = await storeSchedule(text('08:00:00'), { catchUp: 'skip' })
  const firing = await fire(schedule, at('09:00:30'))
  expect(firing?.leftOut).toEqual({ from: at('08:01:00'), until: at('09:00:00') })
  expect(await schedule.waiting()).toEqual([text('09:00:00')])
})

test('after an hour without a host `once` has one job for all that was missed', async () => {
  const schedule = await storeSchedule(text('08:00:00'), { catchUp: 'once' })
  const firing = await fire(schedule, at('09:00:45'))
  expect(firing?.leftOut).toEqual({ from: at('08:01:00'), until: at('09:00:00') })
  expect(await schedule.waiting()).toEqual([text('09:00:00')])
  expect(await schedule.row()).toMatchObject({ nextAt: at('09:01:00') })
})

test('after an hour without a host `all` has a job for each time', async () => {
  const schedule = await storeSchedule(text('08:00:00'), { catchUp: 'all' })
  const firing = await fire(schedule, at('09:00:45'))
  expect(firing?.leftOut).toBeNull()
  const minutes = Array.from({ length: 60 }, (_, n) => new Date(+at('08:01:00') + n * 60_000))
  expect(await schedule.waiting()).toEqual(minutes.map((time) => time.toISOString()))
})

test('`all` makes up for a hundred times at most, the newest', async () => {
  const schedule = await storeSchedule(text('08:00:00'), { catchUp: 'all' })
  const firing = await fire(schedule, at('10:00:00'))
  const waiting = await schedule.waiting()
  expect(waiting).toHaveLength(100)
  expect([waiting[0], waiting.at(-1)]).toEqual([text('08:21:00'), text('10:00:00')])
  expect(firing?.leftOut).toEqual({ from: at('08:01:00'), until: at('08:21:00') })
})

test('while a job of it waits to begin, a time queues no second one; one that runs is no reason', async () => {
  const schedule = await storeSchedule(text('08:00:00'))
  const first = await fire(schedule, at('08:01:00'))
  expect((await fire(schedule, at('08:02:00')))?.jobIds).toEqual(first?.jobIds)
  expect(await schedule.begin()).toEqual([text('08:01:00')])
  await fire(schedule, at('08:03:00'))
  expect(await schedule.waiting()).toEqual([text('08:03:00')])
})

test('a paused schedule fires nothing, and what it missed is not made up for', async () => {
  const schedule = await storeSchedule(text('08:00:00'), { catchUp: 'all' })
  await change(schedule, (tx, row) => pauseSchedule(tx, row, at('08:00:30')))
  expect(await fire(schedule, at('08:05:00'))).toBeUndefined()
  const paused = await schedule.row()
  expect(paused && plannedTimes(paused, at('08:05:00'), 3)).toEqual([])
  await change(schedule, (tx, row) => resumeSchedule(tx, row, at('08:10:30')))
  expect(await fire(schedule, at('08:10:59'))).toBeUndefined()
  await fire(schedule, at('08:11:00'))
  expect(await schedule.waiting()).toEqual([text('08:11:00')])
})

test('to pause twice, or to resume what runs, changes nothing', async () => {
  const schedule = await storeSchedule(text('08:00:00'))
  await change(schedule, (tx, row) => resumeSchedule(tx, row, at('08:07:00')))
  expect(await schedule.row()).toMatchObject({ version: 1, nextAt: at('08:01:00') })
  await change(schedule, (tx, row) => pauseSchedule(tx, row, at('08:00:10')))
  await change(schedule, (tx, row) => pauseSchedule(tx, row, at('08:00:20')))
  expect(await schedule.row()).toMatchObject({ version: 2, pausedAt: at('08:00:10') })
})

test('to run it now queues a job and leaves its times alone, paused or not', async () => {
  const schedule = await storeSchedule(text('08:00:00'))
  const [userId] = [(await schedule.row())?.tenantId ?? '']
  const run = (now: Date) =>
    change(schedule, (tx, row) => runSchedule(tx, row, { now, userId, requestId: 'by-hand' }))
  const id = await run(at('08:00:20'))
  const [job] = await schedule.jobs()
  expect(job).toMatchObject({ id, userId, requestId: 'by-hand' })
  expect(await schedule.row()).toMatchObject({ nextAt: at('08:01:00'), lastAt: null, version: 1 })
  expect(await run(at('08:00:30'))).toBe(id)
  await schedule.begin()
  await change(schedule, (tx, row) => pauseSchedule(tx, row, at('08:00:40')))
  expect(await run(at('08:00:50'))).not.toBe(id)
})

test('an expression that comes no more fires its last time and then rests', async () => {
  const schedule = await storeSchedule(text('08:00:00'), { cron: '0 12 * * *' })
  await schedule.set({ cron: '0 0 30 2 *' })
  await fire(schedule, at('12:00:00'))
  expect(await schedule.row()).toMatchObject({ nextAt: null, pausedAt: null })
  expect(await fire(schedule, new Date('2027-12-31T00:00:00Z'))).toBeUndefined()
  expect(await schedule.waiting()).toEqual([text('12:00:00')])
})

test('another zone moves the next time, another name does not', async () => {
  const schedule = await storeSchedule(text('08:00:00'), { cron: '0 12 * * *' })
  const save = (wanted: Parameters<typeof changeSchedule>[2]['wanted']) =>
    change(schedule, (tx, row) => changeSchedule(tx, row, { wanted, now: at('09:00:00') }))
  expect(await save({ timeZone: 'Asia/Tokyo' })).toMatchObject({
    ...{ nextAt: new Date('2026-11-21T03:00:00Z'), version: 2 },
  })
  expect(await save({ name: 'another' })).toMatchObject({
    ...{ nextAt: new Date('2026-11-21T03:00:00Z'), version: 3 },
  })
  expect(await save({ name: 'another', payload: { of: 'test' } })).toMatchObject({ version: 3 })
  expect(await save({ cron: '30 18 * * *' })).toMatchObject({ nextAt: at('09:30:00') })
})

test('a time that was announced fires although the zone’s rules no longer have it', async () => {
  const schedule = await storeSchedule(text('08:00:00'), { cron: '0 12 * * *' })
  await schedule.set({ nextAt: at('11:00:00') })
  await fire(schedule, at('11:00:00'))
  expect(await schedule.waiting()).toEqual([text('11:00:00')])
  expect(await schedule.row()).toMatchObject({ nextAt: at('12:00:00') })
})

test('one that cannot be followed here is paused and keeps no other from firing', async () => {
  const schedule = await storeSchedule(text('08:00:00'))
  const other = await storeSchedule(text('08:00:00'))
  await schedule.set({ timeZone: 'Mars/Base' })
  expect((await fire(schedule, at('08:01:00')))?.fault).toBeInstanceOf(Error)
  expect(await schedule.row()).toMatchObject({ pausedAt: at('08:01:00'), nextAt: at('08:01:00') })
  expect(await other.waiting()).toEqual([text('08:01:00')])
})

async function isAnyoneWaiting(db: Db): Promise<boolean> {
  const [row] = await db.execute<{ waiting: boolean }>(sql`select exists (
    select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock') as waiting`)
  return row?.waiting ?? false
}

/** Fires the schedule, and begins the deletion before the firing is committed. */
async function deleteWhileFiring(schedule: Stored, deletion: () => Promise<unknown>) {
  const { db } = schedule
  let deleting: Promise<unknown> | undefined
  await db.transaction(async (tx) => {
    const transaction = (work: (inner: typeof tx) => Promise<unknown>) => work(tx)
    const outer = Object.assign(Object.create(db), { transaction })
    await fire({ ...schedule, db: outer }, at('08:01:00'))
    deleting = deletion()
    await eventually('the deletion waits for the firing', () => isAnyoneWaiting(db))
  })
  await deleting
}

test('deleted while it fires, it fires once more and never again', async () => {
  const schedule = await storeSchedule(text('08:00:00'), { catchUp: 'all' })
  await deleteWhileFiring(schedule, () => change(schedule, deleteSchedule))
  expect(await schedule.waiting()).toEqual([text('08:01:00')])
  expect(await fire(schedule, at('08:02:00'))).toBeUndefined()
  expect(await schedule.row()).toBeUndefined()
})

test('a tenant that is deleted while a schedule of it fires leaves no job behind', async () => {
  const schedule = await storeSchedule(text('08:00:00'))
  const { db, tenantId } = schedule
  await deleteWhileFiring(schedule, () => db.transaction((tx) => deleteTenant(tx, tenantId)))
  expect(await schedule.jobs()).toEqual([])
})

test('one that is being deleted does not fire', async () => {
  const schedule = await storeSchedule(text('08:00:00'))
  await change(schedule, async (tx, row) => {
    await deleteSchedule(tx, row)
    expect(await fire(schedule, at('08:01:00'))).toBeUndefined()
  })
  expect(await schedule.waiting()).toEqual([])
})
