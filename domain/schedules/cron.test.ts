import fc from 'fast-check'
import { expect, test } from 'vitest'
import { newestTimes, nextTime, nextTimes, requireTimetable } from './cron.ts'
import { TimetableFault } from './timetable-fault.ts'

const iso = (times: readonly Date[]) => times.map((time) => time.toISOString().slice(0, 16))

// By hand, from the published rules of each zone, in UTC. In 2026 Berlin has no 02:00 to 03:00 on 29 March, and has
// it twice on 25 October; Havana has midnight twice on 1 November; Lord Howe moves by half an hour.
test.each([
  ['Europe/Berlin', '30 2 * * *', '2026-03-28T01:30 2026-03-29T01:00 2026-03-30T00:30'],
  ['Europe/Berlin', '30 2 * * *', '2026-10-24T00:30 2026-10-25T00:30 2026-10-26T01:30'],
  ['Europe/Berlin', '0 30 2 * * *', '2026-10-24T00:30 2026-10-25T00:30 2026-10-26T01:30'],
  ['Europe/Berlin', '30 2,14 * * *', '2026-10-25T00:30 2026-10-25T13:30 2026-10-26T01:30'],
  ['Europe/Berlin', '0 2-3 * * *', '2026-03-28T02:00 2026-03-29T01:00 2026-03-30T00:00'],
  ['Europe/Berlin', '0 3 * * *', '2026-03-28T02:00 2026-03-29T01:00 2026-03-30T01:00'],
  ['Europe/Berlin', '*/30 * * * *', '2026-03-29T00:30 2026-03-29T01:00 2026-03-29T01:30'],
  [
    ...['Europe/Berlin', '*/30 * * * *'],
    '2026-10-25T00:00 2026-10-25T00:30 2026-10-25T01:00 2026-10-25T01:30 2026-10-25T02:00',
  ],
  ['Europe/Berlin', '15 */2 * * *', '2026-03-28T23:15 2026-03-29T02:15 2026-03-29T04:15'],
  ['America/Havana', '0 0 * * *', '2026-10-31T04:00 2026-11-01T04:00 2026-11-02T05:00'],
  ['America/New_York', '30 1 * * *', '2026-10-31T05:30 2026-11-01T05:30 2026-11-02T06:30'],
  ['Australia/Lord_Howe', '15 2 * * *', '2026-10-02T15:45 2026-10-03T15:30 2026-10-04T15:15'],
  ['Australia/Lord_Howe', '45 1 * * *', '2026-04-03T14:45 2026-04-04T14:45 2026-04-05T15:15'],
  ['Asia/Kolkata', '0 0 L * *', '2026-10-30T18:30 2026-11-29T18:30 2026-12-30T18:30'],
  ['UTC', '0 12 * * 5#2', '2026-10-09T12:00 2026-11-13T12:00 2026-12-11T12:00'],
  ['UTC', '0 12 * * FRIL', '2026-10-30T12:00 2026-11-27T12:00 2026-12-25T12:00'],
  ['UTC', '0 12 15W * *', '2026-10-15T12:00 2026-11-16T12:00 2026-12-15T12:00'],
  ['UTC', '0 0 13 * 5', '2026-11-06T00:00 2026-11-13T00:00 2026-11-20T00:00'],
  ['UTC', '0 0 29 2 *', '2028-02-29T00:00 2032-02-29T00:00'],
  ['UTC', '@weekly', '2026-11-01T00:00 2026-11-08T00:00'],
] as [timeZone: string, cron: string, times: string][])(
  'in %s "%s" comes at %s, each once',
  (timeZone, cron, listed) => {
    const expected = listed.split(' ')
    const first = new Date(`${expected[0]}Z`)
    const last = new Date(`${expected.at(-1)}Z`)
    const timetable = { cron, timeZone }
    const after = new Date(first.getTime() - 1)
    expect(iso(nextTimes(timetable, after, expected.length))).toEqual(expected)
    expect(iso(newestTimes(timetable, { after, until: last }, 10).times)).toEqual(expected)
  },
)

const zones = ['Europe/Berlin', 'America/Havana', 'Australia/Lord_Howe', 'Asia/Kolkata', 'UTC']
const minuteMs = 60_000
/** Around the changes of clocks of those zones. */
const begins = ['2026-03-28', '2026-04-04', '2026-10-03', '2026-10-24', '2026-10-31']

/** An expression without named hours comes whenever the clock on the wall shows one of its minutes. */
function minutesOnTheWall(timeZone: string, step: number, { after, until }: Record<string, Date>) {
  const wall = new Intl.DateTimeFormat('en', { timeZone, minute: 'numeric' })
  const times: Date[] = []
  for (let at = Number(after) + minuteMs; at <= Number(until); at += minuteMs)
    if (Number(wall.format(at)) % step === 0) times.push(new Date(at))
  return times
}

test('an expression for any hour comes by the clock on the wall, forwards as backwards', () => {
  const property = fc.property(
    fc.constantFrom(...zones),
    fc.constantFrom(...begins),
    fc.constantFrom(5, 7, 15, 30, 45),
    (timeZone, begin, step) => {
      const after = new Date(`${begin}T06:00:00Z`)
      const until = new Date(after.getTime() + 36 * 60 * minuteMs)
      const timetable = { cron: `*/${step} * * * *`, timeZone }
      const expected = iso(minutesOnTheWall(timeZone, step, { after, until }))
      expect(iso(nextTimes(timetable, after, expected.length))).toEqual(expected)
      const newest = newestTimes(timetable, { after, until }, expected.length)
      expect({ ...newest, times: iso(newest.times) }).toEqual({ times: expected, isMore: false })
    },
  )
  fc.assert(property, { numRuns: 30 })
})

test('a time that names its hour comes once on every day, whatever the clocks do', () => {
  const property = fc.property(
    fc.constantFrom(...zones),
    fc.integer({ min: 0, max: 23 }),
    fc.integer({ min: 0, max: 59 }),
    (timeZone, hour, minute) => {
      const timetable = { cron: `${minute} ${hour} * * *`, timeZone }
      const day = new Intl.DateTimeFormat('en', { timeZone, dateStyle: 'short' })
      const times = nextTimes(timetable, new Date('2026-01-01T12:00:00Z'), 364)
      expect(new Set(times.map((time) => day.format(time))).size).toBe(364)
      const span = { after: new Date('2026-01-01T12:00:00Z'), until: times.at(-1) ?? new Date(0) }
      expect(newestTimes(timetable, span, 400).times).toEqual(times)
    },
  )
  fc.assert(property, { numRuns: 12 })
})

test('of many times the newest are given, and that there are older ones', () => {
  const span = { after: new Date('2026-11-20T08:00:00Z'), until: new Date('2026-11-20T09:00:00Z') }
  const { times, isMore } = newestTimes({ cron: '* * * * *', timeZone: 'UTC' }, span, 3)
  expect(iso(times)).toEqual(['2026-11-20T08:58', '2026-11-20T08:59', '2026-11-20T09:00'])
  expect(isMore).toBe(true)
})

test('an expression that never comes has no next time', () => {
  const timetable = { cron: '0 0 30 2 *', timeZone: 'UTC' }
  expect(() => requireTimetable(timetable)).not.toThrow()
  expect(nextTime(timetable, new Date())).toBeNull()
  expect(nextTimes(timetable, new Date(), 5)).toEqual([])
})

function faultOf(cron: string, timeZone: string) {
  try {
    requireTimetable({ cron, timeZone })
    return null
  } catch (err) {
    if (!(err instanceof TimetableFault)) throw err
    return `${err.part}: ${err.message} ${err.hint ?? ''}`
  }
}

test.each([
  ['* * * *', 'has 4 fields', 'a sixth, in front, is the second'],
  ['0 0 0 1 1 * 2030', 'has 7 fields', 'A year cannot be given'],
  ['2026-11-20T08:00:00', 'has 1 field,', 'The five are minute'],
  ['', 'is empty', 'minute, hour'],
  ['61 * * * * *', 'The second cannot be "61"', '0 to 59'],
  ['60 * * * *', 'The minute cannot be "60"', 'The full one is 0'],
  ['0 24 * * *', 'The hour cannot be "24"', 'Midnight is 0'],
  ['0 0 32 * *', 'The day of the month cannot be "32"', '1 to 31'],
  ['0 0 * 13 *', 'The month cannot be "13"', 'JAN to DEC'],
  ['0 0 * * 1#6', 'The day of the week cannot be "1#6"', '5#2 for the second'],
  ['5/10 * * * *', 'The minute cannot be "5/10"', '"5-59/10"'],
  ['0 22-2 * * *', 'The hour cannot be "22-2"', '"22-23,0-2"'],
  ['* H * * *', 'The hour cannot be "H"', '0 to 23'],
  ['@every 5m', 'not a known name', '"*/5 * * * *"'],
])('an expression that cannot be followed is refused with a reason: %s', (cron, reason, hint) => {
  const fault = faultOf(cron, 'UTC')
  expect(fault).toMatch(/^cron: /)
  expect(fault).toContain(reason)
  expect(fault).toContain(hint)
})

test.each([
  ['Berlin', 'Did you mean "Europe/Berlin"?'],
  ['New York', 'Did you mean "America/New_York"?'],
  ['+02:00', 'an offset knows no summer time'],
  ['UTC+2', 'an offset knows no summer time'],
  ['Mars/Base', 'it takes an IANA name'],
  ['', 'it takes an IANA name'],
])('a zone that nobody knows is refused with what may be meant: "%s"', (timeZone, hint) => {
  const fault = faultOf('0 0 * * *', timeZone)
  expect(fault).toMatch(/^time_zone: /)
  expect(fault).toContain(hint)
})

test.each(['UTC', 'europe/berlin', 'Etc/GMT-2', 'America/Argentina/Buenos_Aires'])(
  'the zone %s is known',
  (timeZone) => expect(faultOf('0 0 * * *', timeZone)).toBeNull(),
)
