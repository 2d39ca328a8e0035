import { sql } from 'drizzle-orm'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { openTestDatabase } from '../../test/harness/setup.ts'
import { instantOf, parseZone } from './instants.ts'
import { isUnknownTime, parseLocalTime } from './local-times.ts'

function instant(text: string, zoneName: string): string | null {
  const [local, zone] = [parseLocalTime(text), parseZone(zoneName)]
  return local && zone && instantOf(local, zone).toISOString()
}

test.each([
  ['2026-06-11 23:59:59', 'AoE', '2026-06-12T11:59:59.000Z'],
  ['2026-06-11 23:59:59', 'aoe', '2026-06-12T11:59:59.000Z'],
  ['2026-06-11 23:59:59', 'UTC-12', '2026-06-12T11:59:59.000Z'],
  ['2026-12-31 23:59:59', 'AoE', '2027-01-01T11:59:59.000Z'],
  ['2024-02-29 12:00', 'UTC', '2024-02-29T12:00:00.000Z'],
  ['2026-06-11 12:00:00', 'UTC+0', '2026-06-11T12:00:00.000Z'],
  ['2026-06-11 12:00:00', 'UTC-8', '2026-06-11T20:00:00.000Z'],
  ['2026-06-11 12:00:00', 'UTC+05:30', '2026-06-11T06:30:00.000Z'],
  ['2026-06-11 12:00:00', 'UTC+0530', '2026-06-11T06:30:00.000Z'],
  ['2026-06-11 12:00:00', 'GMT-03:30', '2026-06-11T15:30:00.000Z'],
  ['2026-06-11 12:00:00', '+14', '2026-06-10T22:00:00.000Z'],
  ['2026-01-11 12:00:00', 'PT', '2026-01-11T20:00:00.000Z'],
  ['2026-06-11 12:00:00', 'PT', '2026-06-11T19:00:00.000Z'],
  ['2026-06-11 12:00:00', 'PST', '2026-06-11T20:00:00.000Z'],
  ['2026-06-11 12:00:00', 'ET', '2026-06-11T16:00:00.000Z'],
  ['2026-06-11 12:00:00', 'Asia/Kolkata', '2026-06-11T06:30:00.000Z'],
  ['2026-06-11', 'UTC', '2026-06-11T23:59:59.000Z'],
  ['2026-6-1 9:05', 'UTC', '2026-06-01T09:05:00.000Z'],
  ['2026-06-11 24:00', 'UTC', '2026-06-12T00:00:00.000Z'],
  ['2026-06-11T12:00:00', 'UTC', '2026-06-11T12:00:00.000Z'],
])('%s in %s is %s', (text, zone, expected) => {
  expect(instant(text, zone)).toBe(expected)
})

// What java.time and Temporal's `compatible` answer.
test.each([
  ['shown twice in Berlin', '2025-10-26 02:30:00', 'Europe/Berlin', '2025-10-26T00:30:00.000Z'],
  ['the last of the hour', '2025-10-26 02:59:59', 'Europe/Berlin', '2025-10-26T00:59:59.000Z'],
  ['after that hour', '2025-10-26 03:00:00', 'Europe/Berlin', '2025-10-26T02:00:00.000Z'],
  ['left out in Berlin', '2025-03-30 02:30:00', 'Europe/Berlin', '2025-03-30T01:30:00.000Z'],
  ['just before the gap', '2025-03-30 01:59:59', 'Europe/Berlin', '2025-03-30T00:59:59.000Z'],
  ['just after the gap', '2025-03-30 03:00:00', 'Europe/Berlin', '2025-03-30T01:00:00.000Z'],
  ['shown twice in New York', '2025-11-02 01:30:00', 'ET', '2025-11-02T05:30:00.000Z'],
  ['left out in New York', '2025-03-09 02:30:00', 'ET', '2025-03-09T07:30:00.000Z'],
  [
    'half an hour left out',
    '2025-10-05 02:15:00',
    'Australia/Lord_Howe',
    '2025-10-04T15:45:00.000Z',
  ],
  ['half an hour twice', '2025-04-06 01:45:00', 'Australia/Lord_Howe', '2025-04-05T14:45:00.000Z'],
  ['a day left out', '2011-12-30 12:00:00', 'Pacific/Apia', '2011-12-30T22:00:00.000Z'],
])('a time %s is what other calendars make of it', (_, text, zone, expected) => {
  expect(instant(text, zone)).toBe(expected)
})

test.each([
  'CST',
  'IST',
  'BST',
  '',
  'TBD',
  'Mars/Base',
  'UTC+15',
  'UTC-12:30',
  'UTC+5:75',
  'EU',
  '__proto__',
  'constructor',
])('the zone %j is not known, and never guessed', (name) => {
  expect(parseZone(name)).toBeNull()
})

test.each([
  '2026-02-29 12:00',
  '2026-13-01',
  '2026-06-31',
  '2026-06-11 25:00',
  '2026-06-11 23:60',
  '11.06.2026',
  'soon',
  '0026-06-11',
  '2026-06-11 24:01',
])('the time %j does not exist, and never becomes another', (text) => {
  expect(parseLocalTime(text)).toBeNull()
  expect(isUnknownTime(text)).toBe(false)
})

test.each(['TBD', 'tba', 'N/A', '', '-'])('%j says that a time is not known', (text) => {
  expect(isUnknownTime(text)).toBe(true)
})

const zones = [
  'Etc/GMT+12',
  'America/Los_Angeles',
  'Europe/Berlin',
  'Asia/Shanghai',
  'Asia/Kathmandu',
  'America/St_Johns',
  'Australia/Sydney',
]

test('any time in any zone is the one that Postgres reckons, or within an hour of a change of clocks', async () => {
  const { db } = await openTestDatabase()
  const time = fc.date({
    min: new Date('1995-01-01T00:00:00Z'),
    max: new Date('2035-01-01T00:00:00Z'),
    noInvalidDate: true,
  })
  const drawn = fc.sample(fc.tuple(time, fc.constantFrom(...zones)), { numRuns: 2_000, seed: 7 })
  const given = drawn.map(([at, zone]) => ({
    text: at.toISOString().slice(0, 19).replace('T', ' '),
    zone,
  }))
  const reckoned = await db.execute<{ ms: number; is_plain: boolean }>(sql`
    select extract(epoch from t at time zone zone)::float8 * 1000 as ms,
      (t - interval '3 hours') at time zone zone = (t at time zone zone) - interval '3 hours'
      and (t + interval '3 hours') at time zone zone = (t at time zone zone) + interval '3 hours' as is_plain
    from (select text::timestamp as t, zone from jsonb_to_recordset(${JSON.stringify(given)}::text::jsonb)
      as r(text text, zone text)) s`)
  const ours = given.map(({ text, zone }) => Date.parse(instant(text, zone) ?? ''))
  // Near a change of clocks Postgres has rules of its own; the cases by hand above are those.
  const differing = reckoned.flatMap(({ ms, is_plain: isPlain }, index) =>
    isPlain && ms !== ours[index] ? [given[index]] : [],
  )
  expect(differing).toEqual([])
  expect(reckoned.filter(({ is_plain: isPlain }) => isPlain).length).toBeGreaterThan(1_900)
})
