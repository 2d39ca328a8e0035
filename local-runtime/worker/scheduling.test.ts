import { expect, onTestFinished, test } from 'vitest'
import type { Db } from '../../db/client.ts'
import { storeSchedule } from '../../test/fixtures/schedule.ts'
import { eventually } from '../../test/harness/eventually.ts'
import { recordedLog } from '../../test/harness/log.ts'
import { openTestDatabase } from '../../test/harness/setup.ts'
import { keepSchedules } from './scheduling.ts'

/** A host's loop; `stop` ends it. */
function start(db: Db) {
  const log = recordedLog()
  const stopping = new AbortController()
  const running = keepSchedules({ db, log, signal: stopping.signal })
  running.catch(() => {}) // whoever awaits it hears of it
  const stop = () => {
    stopping.abort()
    return running
  }
  onTestFinished(() => stop().catch(() => {}))
  return { log, running, stop }
}

test('three hosts fire every second of a schedule once, as the clock goes', async () => {
  const { db } = await openTestDatabase()
  const hosts = [start(db), start(db), start(db)]
  const schedule = await storeSchedule(new Date().toISOString(), {
    ...{ cron: '* * * * * *', catchUp: 'all' },
  })
  await eventually('four seconds have come', async () => (await schedule.waiting()).length >= 4)
  await Promise.all(hosts.map(({ stop }) => stop()))
  const seconds = (await schedule.waiting()).map((time) => Date.parse(time) / 1000)
  const [first = 0] = seconds
  expect(seconds).toEqual(seconds.map((_, index) => first + index))
})

test.each([
  ['skip', '@yearly', 0, 'info'],
  ['once', '@monthly', 1, 'info'],
  ['all', '@daily', 100, 'warn'],
] as const)(
  'what was left out after years with the policy %s is told',
  async (catchUp, cron, jobs, level) => {
    const { db } = await openTestDatabase()
    const schedule = await storeSchedule('2020-01-01T00:00:30Z', { catchUp, cron })
    const { log, stop } = start(db)
    await eventually('the schedule has moved on', async () => {
      return ((await schedule.row())?.nextAt ?? new Date(0)) > new Date()
    })
    await stop()
    expect(await schedule.waiting()).toHaveLength(jobs)
    const fields = expect.objectContaining({ schedule_id: schedule.id })
    const told = log.lines.filter((line) =>
      expect.objectContaining({ fields }).asymmetricMatch(line),
    )
    expect(told.filter((line) => 'left_out_from' in line.fields)).toMatchObject([{ level }])
  },
)

const failing = (code: string): Error =>
  Object.assign(new Error(code), { name: 'PostgresError', code })

/** The database, when its first statements have failed. */
function after(failures: Error[], db: Db): Db {
  const execute = (query: Parameters<Db['execute']>[0]) => {
    const failure = failures.shift()
    return failure ? Promise.reject(failure) : db.execute(query)
  }
  return Object.assign(Object.create(db), { execute })
}

test('a database that was away is no reason to stop firing', async () => {
  const { db } = await openTestDatabase()
  const schedule = await storeSchedule('2020-01-01T00:00:30Z')
  const { log, stop } = start(after([failing('57P01'), failing('57P01')], db))
  await eventually('it fires', async () => (await schedule.waiting()).length > 0)
  await stop()
  expect(log.lines.filter(({ message }) => /database is away/.test(message))).toHaveLength(1)
})

test('what nobody expects ends the loop with its error', async () => {
  const { db } = await openTestDatabase()
  const { running } = start(after([failing('42703')], db))
  await expect(running).rejects.toMatchObject({ code: '42703' })
})
