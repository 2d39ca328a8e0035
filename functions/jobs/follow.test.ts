import { expect, test } from 'vitest'
import { EventFollower, firstId } from './follow.ts'

const eventAt = (ms: number, last = 0) => {
  const hex = ms.toString(16).padStart(12, '0')
  const id = `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-00000000000${last}`
  return { id, type: 'log', data: {}, createdAt: new Date(ms) }
}

test('an event that is committed after a later one is still sent, and none twice', () => {
  const follower = new EventFollower(firstId)
  const [early, late] = [eventAt(1_000_000), eventAt(1_000_500)]
  expect(follower.take([late])).toEqual([late])
  expect(follower.from < early.id).toBe(true)
  expect(follower.take([early, late])).toEqual([early])
  expect(follower.take([early, late])).toEqual([])
})

test('reading goes on from the last event that the reader has, never before it', () => {
  const { id } = eventAt(2_000_000)
  const follower = new EventFollower(id)
  expect(follower.from).toBe(id)
  const next = eventAt(2_020_000)
  expect(follower.take([next])).toEqual([next])
  expect(follower.from > id).toBe(true)
  expect(follower.from < next.id).toBe(true)
})
