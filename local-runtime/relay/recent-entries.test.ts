import { expect, test } from 'vitest'
import { mergeEntries, RecentEntries } from './recent-entries.ts'

const json = (seconds: number, message = 'm') =>
  JSON.stringify({ time: new Date(seconds * 1000).toISOString(), message })
const own = (...jsons: string[]) =>
  jsons.map((text, index) => ({ sequence: index + 1, json: text }))
const jsons = (merged: { json: string }[]) => merged.map((entry) => entry.json)

test('of a burst only the newest 200 are kept and sent', () => {
  const recent = new RecentEntries()
  for (let i = 0; i < 1_000; i += 1) recent.add(json(i))
  const unsent = recent.takeUnsent()
  expect([unsent.length, unsent[0], unsent.at(-1)]).toEqual([200, json(800), json(999)])
  expect(recent.takeUnsent()).toEqual([])
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
  expect(recent.takeUnsent()).toEqual([json(2)])
  expect(recent.list(9).map((entry) => entry.json)).toEqual([json(2), json(1), json(0)])
})
