import { expect, test } from 'vitest'
import {
  alternativesMax,
  DocumentMentions,
  mentionsPerDocumentMax,
  mentionsPerPageMax,
  mentionsShownMax,
  placesPerDocumentMax,
} from './suggesting.ts'

type Candidate = { id: string; population?: number; by?: 'name' | 'alias' }

const mentionOf = (...candidates: Candidate[]) => ({
  ...{ start: 0, end: 5, quote: 'Paris' },
  places: candidates.map(({ id, population = 0, by = 'name' }) => ({
    ...{ by, place: { id, name: 'Paris', aliases: [], population } },
  })),
})
const noBoxes = () => []

function meant(settled: string[], ...candidates: Candidate[]) {
  const found = new DocumentMentions(new Set(settled))
  found.addPage(1, [mentionOf(...candidates)], noBoxes)
  return found.places().map(({ placeId, alternativePlaceIds }) => [placeId, ...alternativePlaceIds])
}

test('what is settled comes first, then the most populous, a name before an alias, the oldest', () => {
  const [a, b, c] = [{ id: 'a', population: 5 }, { id: 'b' }, { id: 'c', population: 9 }]
  expect(meant([], a, b, c)).toEqual([['c', 'a', 'b']])
  expect(meant(['b'], a, b, c)).toEqual([['b', 'c', 'a']])
  expect(meant([], { id: 'a', by: 'alias' }, b)).toEqual([['b', 'a']])
  expect(meant([], { id: 'z' }, b)).toEqual([['b', 'z']])
})

test('only so many alternatives are named', () => {
  const many = Array.from({ length: 30 }, (_, index) => ({ id: `${index}`, population: -index }))
  expect(meant([], ...many)[0]).toEqual(many.slice(0, 1 + alternativesMax).map(({ id }) => id))
})

test('mentions are counted, the first ones shown, each page named once', () => {
  const found = new DocumentMentions(new Set())
  for (const page of [1, 4]) found.addPage(page, Array(15).fill(mentionOf({ id: 'a' })), noBoxes)
  const [place] = found.places()
  expect(place).toMatchObject({ mentionCount: 30, pages: [1, 4] })
  expect(place?.mentions).toHaveLength(mentionsShownMax)
  expect(found.isShortened).toBe(false)
})

test('a page, and a document, have as many mentions as count, and it is told', () => {
  const found = new DocumentMentions(new Set())
  const full = Array(mentionsPerPageMax).fill(mentionOf({ id: 'a' }))
  for (let page = 1; page <= mentionsPerDocumentMax / mentionsPerPageMax; page += 1)
    found.addPage(page, full, noBoxes)
  expect(found.isShortened).toBe(false)
  found.addPage(99, [mentionOf({ id: 'b' })], noBoxes)
  expect(found.isShortened).toBe(true)
  expect(found.places()).toMatchObject([{ mentionCount: mentionsPerDocumentMax }])
  const crowded = new DocumentMentions(new Set())
  crowded.addPage(1, [...full, ...full], noBoxes)
  expect(crowded.places()).toMatchObject([{ mentionCount: mentionsPerPageMax }])
  expect(crowded.isShortened).toBe(true)
})

test('a document has as many places as count, and it is told', () => {
  const found = new DocumentMentions(new Set())
  for (let page = 1; page <= placesPerDocumentMax; page += 1)
    found.addPage(page, [mentionOf({ id: `${page}` })], noBoxes)
  expect(found.isShortened).toBe(false)
  found.addPage(9_999, [mentionOf({ id: 'more' }), mentionOf({ id: '1' })], noBoxes)
  expect(found.places()).toHaveLength(placesPerDocumentMax)
  expect(found.places()[0]?.mentionCount).toBe(2)
  expect(found.isShortened).toBe(true)
})
