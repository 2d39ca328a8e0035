import { expect, test } from 'vitest'
import { duplicates, freshness, type VolumeFloor, volumeFloor } from './checks.ts'
import { countKeys } from './key-counts.ts'

test.each<[VolumeFloor, boolean, number]>([
  [{ count: 0 }, true, 0],
  [{ count: 9, min: 10 }, false, 10],
  [{ count: 10, min: 10 }, true, 10],
  [{ count: 79, shareMin: 0.8, previous: { count: 100 } }, false, 80],
  [{ count: 80, shareMin: 0.8, previous: { count: 100 } }, true, 80],
  [{ count: 3, shareMin: 0.5, previous: { count: 5 } }, true, 3], // rounded up: 2.5 are 3
  [{ count: 2, shareMin: 0.5, previous: { count: 5 } }, false, 3],
  [{ count: 1, shareMin: 0.8, previous: null }, true, 0], // nothing to compare with
  [{ count: 1, shareMin: 0.8, previous: { count: 'many' } }, true, 0],
  [{ count: 85, min: 90, shareMin: 0.8, previous: { count: 100 } }, false, 90],
  [{ count: 85, min: 10, shareMin: 0.9, previous: { count: 100 } }, false, 90],
])('the volume of %j passes: %s, its floor is %i', (asked, passed, floor) => {
  expect(volumeFloor(asked)).toMatchObject({ passed, values: { count: asked.count, floor } })
})

test('a verdict says in a sentence what was found and what was expected', () => {
  const asked = { count: 12, min: 5, shareMin: 0.8, previous: { count: 100 } }
  expect(volumeFloor(asked).message).toBe(
    'There are only 12, at least 80 are expected: 80 % of the 100 before.',
  )
  const now = new Date('2026-03-04T00:00:00Z')
  const newest = new Date('2026-03-01T00:00:00Z')
  expect(freshness({ newest, now, ageMsMax: 2 * 86_400_000 }).message).toBe(
    'The newest is from 2026-03-01T00:00:00.000Z, 3 days old; no more than 2 days is allowed.',
  )
  expect(duplicates({ counts: { total: 10, distinct: 7 }, max: 2 }).message).toBe(
    '3 of 10 are duplicates; no more than 2 are allowed.',
  )
})

const now = new Date('2026-03-04T00:00:00Z')
const before = (ms: number) => new Date(now.getTime() - ms)

test.each<[Date | null, boolean]>([
  [before(0), true],
  [before(1_000), true],
  [before(1_001), false],
  [before(-5_000), true],
  [null, false],
  [new Date('no date'), false],
])('with up to a second of age, %s is fresh: %s', (newest, passed) => {
  expect(freshness({ newest, now, ageMsMax: 1_000 }).passed).toBe(passed)
})

test.each<[{ max?: number; shareMax?: number }, number, boolean]>([
  [{}, 0, true],
  [{}, 1, false],
  [{ max: 2 }, 2, true],
  [{ max: 2 }, 3, false],
  [{ shareMax: 0.1 }, 10, true],
  [{ shareMax: 0.1 }, 11, false],
  [{ max: 5, shareMax: 0.1 }, 6, false],
  [{ max: 50, shareMax: 0.1 }, 11, false],
])('with %j, %i duplicates of 100 pass: %s', (bounds, count, passed) => {
  const counts = { total: 100, distinct: 100 - count }
  expect(duplicates({ counts, ...bounds }).passed).toBe(passed)
})

test.each([
  () => volumeFloor({ count: Number.NaN }),
  () => volumeFloor({ count: -1 }),
  () => volumeFloor({ count: 1, shareMin: Number.NaN }),
  () => freshness({ newest: now, now, ageMsMax: Number.NaN }),
  () => duplicates({ counts: { total: Number.NaN, distinct: 1 } }),
])('what is no number is refused, and neither passes nor fails: %s', (check) => {
  expect(check).toThrow(RangeError)
})

test('keys are counted as they come, and of equal ones the first counts', () => {
  expect(countKeys([])).toEqual({ total: 0, distinct: 0 })
  expect(countKeys(['a', 'b', 'a', '', 'ab', 'ba'])).toEqual({ total: 6, distinct: 5 })
})

test('of 600,000 keys that look alike no two are taken for the same', () => {
  const max = 300_000
  function* keys() {
    for (let n = 0; n < max; n += 1) yield `https://example.test/item/${n}`
    for (let n = 0; n < max; n += 1) yield `${n}\u0000${n % 7}`
    yield 'https://example.test/item/7'
  }
  expect(countKeys(keys())).toEqual({ total: 600_001, distinct: 600_000 })
})

test('more distinct keys than are kept are refused, however many would still come', () => {
  function* endless() {
    for (let n = 0; ; n += 1) yield String(n)
  }
  expect(() => countKeys(endless(), 1_000)).toThrow('There are more than 1000 distinct keys')
})
