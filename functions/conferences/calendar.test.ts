import ICAL from 'ical.js'
import { expect, test } from 'vitest'
import {
  conferenceFiles,
  conferences,
  conferencesFolder,
  conferenceYaml,
} from '../../test/fixtures/conferences.ts'

type Event = {
  uid: string
  sequence: number
  at: string
  summary: string
  description: string
  status: string
  url: string | null
}

/** Reads a calendar as strictly as RFC 5545 asks: lines, properties that must be there, and their types. */
function strictly(text: string): Event[] {
  const encoder = new TextEncoder()
  expect(text.endsWith('END:VCALENDAR\r\n')).toBe(true)
  for (const line of text.split('\r\n')) {
    expect(line).not.toMatch(/[\r\n]/)
    expect(line.isWellFormed()).toBe(true)
    expect(encoder.encode(line).length).toBeLessThanOrEqual(75)
  }
  ICAL.design.strict = true
  const calendar = new ICAL.Component(ICAL.parse(text))
  expect(calendar.getFirstPropertyValue('version')).toBe('2.0')
  expect(calendar.getFirstPropertyValue('prodid')).toBeTruthy()
  return calendar.getAllSubcomponents('vevent').map((component) => {
    const event = new ICAL.Event(component)
    const stamp = component.getFirstPropertyValue('dtstamp')
    expect(stamp).toBeInstanceOf(ICAL.Time)
    expect(event.startDate.zone.tzid).toBe('UTC')
    return {
      ...{ uid: event.uid, sequence: event.sequence, summary: event.summary },
      ...{ at: event.startDate.toJSDate().toISOString(), description: event.description },
      status: String(component.getFirstPropertyValue('status')),
      url: component.getFirstPropertyValue('url')?.toString() ?? null,
    }
  })
}

const year = (day: string, more: object = {}) => ({
  year: 2027,
  rounds: [{ paper: `2026-06-${day} 23:59:59` }],
  ...more,
})

async function calendars() {
  const world = await conferences()
  const read = async (path: string) => {
    const reply = await world.get(path)
    expect(reply.status).toBe(200)
    expect(reply.headers.get('content-type')).toBe('text/calendar; charset=utf-8')
    return strictly(await reply.text())
  }
  const bring = async (...years: Parameters<typeof conferenceYaml>[0]) =>
    (await world.bring(conferenceYaml(years))).conferences[0]?.id ?? ''
  return { ...world, calendar: read, bring, send: world.bring }
}

test('the calendar of the real files passes a strict reader, with an event for each known deadline', async ({
  skip,
}) => {
  if (!conferencesFolder) return skip('no sample files: set CORPUS_DIR to their folder')
  const { send, calendar } = await calendars()
  for (const text of Object.values(conferenceFiles())) await send(text)
  const events = await calendar('/calendar.ics?estimates=false')
  expect(events).toHaveLength(324)
  expect(new Set(events.map(({ uid }) => uid)).size).toBe(324)
  const all = await calendar('/calendar.ics')
  const estimates = all.filter(({ status }) => status === 'TENTATIVE')
  expect(estimates.length).toBeGreaterThan(5)
  expect(estimates.filter(({ summary }) => !summary.endsWith('(estimated)'))).toEqual([])
  expect(all.length - estimates.length).toBe(324)
})

test('an event tells what falls due, when, and where', async () => {
  const { bring, calendar } = await calendars()
  const id = await bring(year('11'))
  const [event, ...others] = await calendar(`/${id}/calendar.ics`)
  expect(others).toEqual([])
  expect(event).toMatchObject({
    ...{
      summary: 'CONF 2027: paper deadline',
      at: '2026-06-12T11:59:59.000Z',
      status: 'CONFIRMED',
    },
    ...{ url: 'https://example.org/2027', sequence: 0 },
  })
  expect(event?.description).toContain('Due: 2026-06-11 23:59:59 AoE')
})

test.each([
  ['its time', year('18')],
  ['its zone', year('11', { zone: 'UTC' })],
  ['the place', year('11', { place: 'Bergen; Norway, \\ far' })],
  ['the comment', year('11', { rounds: [{ paper: '2026-06-11 23:59:59', comment: 'new' }] })],
  ['the days', year('11', { date: 'June 2-6, 2027' })],
])('when %s changes, the event keeps its UID and its SEQUENCE grows by one', async (_, changed) => {
  const { bring, calendar } = await calendars()
  const id = await bring(year('11'))
  const [before] = await calendar(`/${id}/calendar.ics`)
  await bring(changed)
  const [after] = await calendar(`/${id}/calendar.ics`)
  expect(after).toMatchObject({ uid: before?.uid, sequence: 1 })
  await bring(changed)
  expect(await calendar(`/${id}/calendar.ics`)).toEqual([after])
})

test('when the area changes, so does the category of an event, and its SEQUENCE grows', async () => {
  const { bring, send, get, calendar } = await calendars()
  const id = await bring(year('11'))
  await send(conferenceYaml([year('11')]).replace('"SE"', '"AI"'))
  expect(await calendar(`/${id}/calendar.ics`)).toMatchObject([{ sequence: 1 }])
  expect(await (await get('/calendar.ics')).text()).toContain('CATEGORIES:AI\r\n')
})

test('of two deadlines only the one that changed gets another SEQUENCE', async () => {
  const { bring, calendar } = await calendars()
  const both = (paper: string) => ({
    year: 2027,
    rounds: [{ abstract: '2026-06-01 12:00', paper }],
  })
  const id = await bring(both('2026-06-11 23:59:59'))
  await bring(both('2026-06-12 23:59:59'))
  const events = await calendar(`/${id}/calendar.ics`)
  expect(events.map(({ summary, sequence }) => [summary, sequence])).toEqual([
    ['CONF 2027: paper deadline', 1],
    ['CONF 2027: abstract deadline', 0],
  ])
})

test('an unknown deadline is left out, and a withdrawn one is cancelled', async () => {
  const { bring, calendar } = await calendars()
  const id = await bring(year('11'))
  const [before] = await calendar(`/${id}/calendar.ics`)
  await bring(year('11', { rounds: [] }))
  expect(await calendar(`/${id}/calendar.ics`)).toMatchObject([
    { uid: before?.uid, sequence: 1, status: 'CANCELLED' },
  ])
  await bring(year('11', { rounds: [{ paper: 'TBD' }] }))
  expect(await calendar(`/${id}/calendar.ics`)).toEqual([])
  await bring(year('20'))
  expect(await calendar(`/${id}/calendar.ics`)).toMatchObject([{ uid: before?.uid, sequence: 3 }])
})

test('an estimate keeps its UID and grows in SEQUENCE until the deadline is announced', async () => {
  const { bring, calendar } = await calendars()
  const years = (last: string) =>
    ['2024-06-10', '2025-06-08', last].map((day, index) => ({
      ...{ year: 2025 + index, rounds: [{ paper: `${day} 12:00` }], zone: 'UTC' },
    }))
  const id = await bring(...years('2026-06-14'))
  const estimateOf = async () =>
    (await calendar(`/${id}/calendar.ics`)).filter(({ status }) => status === 'TENTATIVE')
  const [before] = await estimateOf()
  // From 2024 to 2025 it moved by 363 days, to 2026 by 371: the middle is 367 days after the last.
  expect(before).toMatchObject({ at: '2027-06-16T12:00:00.000Z', sequence: 0 })
  expect(before?.description).toContain('An estimate, not an announcement')
  await bring(...years('2026-06-15'))
  expect(await estimateOf()).toMatchObject([{ uid: before?.uid, sequence: 1 }])
  await bring(
    ...years('2026-06-15'),
    year('11', { year: 2028, zone: 'UTC', rounds: [{ paper: '2027-06-20 12:00' }] }),
  )
  expect(await estimateOf()).toMatchObject([
    { at: expect.stringMatching(/^2028-/), summary: 'CONF 2029: paper deadline (estimated)' },
  ])
})

test('a link with marks that text escapes stays an address', async () => {
  const { send, calendar } = await calendars()
  const file = conferenceYaml([year('11')]).replace(
    'https://example.org/2027',
    'https://example.org/a,b;c?d=1',
  )
  await send(file)
  const [event] = await calendar('/calendar.ics')
  expect(event?.url).toBe('https://example.org/a%2Cb%3Bc?d=1')
})

test('names of any letters and marks come back from a calendar as they were', async () => {
  const { bring, calendar } = await calendars()
  const letters = 'Þé😀漢字, and; "so" \\n: = on… '.repeat(5).trim()
  const rounds = [{ paper: '2026-06-11 12:00', comment: letters }]
  const id = await bring(year('11', { rounds, place: letters, date: letters }))
  const [event] = await calendar(`/${id}/calendar.ics`)
  expect(event?.description).toContain(`Conference: ${letters}, ${letters}`)
})

test('a link in other letters is written in those that an address may have', async () => {
  const { send, calendar } = await calendars()
  const link = 'https://b\u00fccher.example/\u6f22?a=1'
  await send(conferenceYaml([year('11')]).replace('https://example.org/2027', link))
  const [event] = await calendar('/calendar.ics')
  expect(event?.url).toBe('https://xn--bcher-kva.example/%E6%BC%A2?a=1')
})

test('a calendar that has not changed is a 304, and one that has is sent anew', async () => {
  const { bring, get } = await calendars()
  const id = await bring(year('11'))
  for (const path of ['/calendar.ics', `/${id}/calendar.ics`]) {
    const etag = (await get(path)).headers.get('etag') ?? ''
    expect(etag).toMatch(/^"v\d+"$/)
    const options = { headers: { 'if-none-match': etag } }
    expect((await get(path, options)).status).toBe(304)
    await bring(year(path.length > 20 ? '12' : '13'))
    expect((await get(path, options)).status).toBe(200)
  }
})

test('a calendar of a filter holds what the filter names', async () => {
  const { send, calendar } = await calendars()
  const rounds = [{ abstract: '2026-06-04 12:00', paper: '2026-06-11 12:00' }]
  await send(conferenceYaml([{ year: 2027, rounds }]))
  await send(
    conferenceYaml([{ year: 2027, rounds }], { title: 'OTHER', dblp: 'other' }).replace(
      '"SE"',
      '"AI"',
    ),
  )
  const shown = async (query: string) =>
    (await calendar(`/calendar.ics?${query}`)).map(({ summary }) => summary).sort()
  expect(await shown('sub=ai&kind=paper')).toEqual(['OTHER 2027: paper deadline'])
  expect(await shown('q=conf&kind=abstract&kind=paper')).toEqual([
    'CONF 2027: abstract deadline',
    'CONF 2027: paper deadline',
    'OTHER 2027: abstract deadline',
    'OTHER 2027: paper deadline',
  ])
  expect(await shown('ccf=B')).toEqual([])
})
