import { expect, test } from 'vitest'
import { mergeEntries, RecentEntries, recentEntry } from './recent-entries.ts'

const json = (seconds: number, message = 'm') =>
  JSON.stringify({ time: new Date(seconds * 1000).toISOString(), message })
const own = (...jsons: string[]) => jsons.map((text, index) => recentEntry(index + 1, text))
const jsons = (merged: { json: string }[]) => merged.map((entry) => entry.json)

test('of a burst only the newest 200 are kept and sent', () => {
  const recent = new RecentEntries()
  for (let i = 0; i < 1_000; i += 1) recent.add(json(i))
  const { newest, late } = recent.takeUnsent()
  expect([newest.length, newest[0], newest.at(-1)]).toEqual([200, json(800), json(999)])
  expect(late).toEqual([])
  expect(recent.takeUnsent()).toEqual({ newest: [], late: [] })
  expect(recent.list(1_000)).toHaveLength(200)
  expect(recent.list(2).map((entry) => entry.json)).toEqual([json(999), json(998)])
})

test('an entry that both lists hold stands once, one that a list holds twice stands twice', () => {
  const twice = json(2, 'twice')
  expect(jsons(mergeEntries([twice, twice, json(1)], own(json(1), twice, json(3))))).toEqual([
    ...[json(1), twice, twice, json(3)],
  ])
})

test('the merged list is ordered by time and holds the newest 200', () => {
  const theirs = Array.from({ length: 200 }, (_, i) => json(400 - 2 * i))
  const merged = jsons(mergeEntries(theirs, own(json(401), json(3))))
  expect([merged.length, merged.at(-1), merged.includes(json(3))]).toEqual([200, json(401), false])
})

test("what somebody else's program put into the list counts as oldest", () => {
  expect(jsons(mergeEntries(['garbage'], own(json(1))))).toEqual(['garbage', json(1)])
})

test('entries that come while the lists are merged are sent afterwards', () => {
  const recent = new RecentEntries()
  recent.add(json(1))
  const sequence = recent.lastSequence
  const ours = recent.list(200)
  recent.add(json(2))
  recent.adopt(mergeEntries([json(0)], ours), sequence)
  expect(recent.takeUnsent()).toEqual({ newest: [json(2)], late: [] })
  expect(recent.list(9).map((entry) => entry.json)).toEqual([json(2), json(1), json(0)])
})

test('an entry that comes late stands below the newer ones, and Redis is told below which', () => {
  const recent = new RecentEntries()
  for (const seconds of [1, 4]) recent.add(json(seconds))
  recent.takeUnsent()
  for (const seconds of [3, 5, 2]) recent.add(json(seconds))
  expect(jsons(recent.list(9))).toEqual([5, 4, 3, 2, 1].map((seconds) => json(seconds)))
  expect(recent.unsent).toBe(3)
  expect(recent.takeUnsent()).toEqual({
    newest: [json(5)],
    late: [
      { json: json(3), below: json(4) },
      { json: json(2), below: json(3) },
    ],
  })
  expect(recent.unsent).toBe(0)
})

test('late entries push the oldest out of 200, and one older than all 200 is not kept', () => {
  const recent = new RecentEntries()
  for (let i = 0; i < 200; i += 1) recent.add(json(10 + i / 100))
  recent.add(json(10.005))
  recent.add(json(9))
  const kept = jsons(recent.list(999))
  expect([kept.length, kept.at(-1), kept.includes(json(9))]).toEqual([200, json(10.005), false])
})

test('after the clock was set back a new entry stands on top all the same', () => {
  const recent = new RecentEntries()
  for (let i = 0; i < 200; i += 1) recent.add(json(3_600))
  recent.add(json(10))
  expect(jsons(recent.list(1))).toEqual([json(10)])
})

test('an entry that comes late while the lists are merged stands in its place', () => {
  const recent = new RecentEntries()
  recent.add(json(3))
  const ours = recent.list(200)
  recent.add(json(2))
  recent.adopt(mergeEntries([json(1)], ours), 1)
  expect(jsons(recent.list(9))).toEqual([json(3), json(2), json(1)])
  expect(recent.takeUnsent()).toEqual({ newest: [], late: [{ json: json(2), below: json(3) }] })
})
