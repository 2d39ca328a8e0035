import { expect, test } from 'vitest'
import type { ErrorEntry } from '../../functions/_shared/ports/redis.ts'
import { RequestPairs } from './request-pairs.ts'

const caddyEntry = (requestId: string | null): ErrorEntry => ({
  time: '2026-11-20T05:00:46.007Z',
  level: 'error',
  source: 'caddy',
  function: 'users',
  request_id: requestId,
  method: 'GET',
  path: '/v1/users',
  status: 502,
  code: null,
  message: 'Caddy answered 502: EOF',
})

function setupPairs() {
  const released: (string | null)[] = []
  const time = { ms: 0 }
  const pairs = new RequestPairs(
    (entry) => released.push(entry.request_id),
    () => time.ms,
  )
  return { pairs, released, time }
}

test("Caddy's line is dropped when the function's line came before it", () => {
  const { pairs, released } = setupPairs()
  pairs.functionAnswered('a')
  pairs.caddyAnswered(caddyEntry('a'))
  pairs.close()
  expect([released, pairs.merged]).toEqual([[], 1])
})

test("Caddy's line is dropped when the function's line comes within a second after it", () => {
  const { pairs, released, time } = setupPairs()
  pairs.caddyAnswered(caddyEntry('a'))
  time.ms = 900
  pairs.releaseDue()
  pairs.functionAnswered('a')
  pairs.close()
  expect([released, pairs.merged]).toEqual([[], 1])
})

test("Caddy's line without a function's line counts after a second", () => {
  const { pairs, released, time } = setupPairs()
  pairs.caddyAnswered(caddyEntry('a'))
  pairs.releaseDue()
  expect(released).toEqual([])
  time.ms = 1_000
  pairs.releaseDue()
  expect(released).toEqual(['a'])
  pairs.close()
})

test("a line of Caddy's without a request id counts at once", () => {
  const { pairs, released } = setupPairs()
  pairs.caddyAnswered(caddyEntry(null))
  expect(released).toEqual([null])
})

test('a request id that a caller uses again and again pairs one to one', () => {
  const { pairs, released } = setupPairs()
  pairs.functionAnswered('same')
  for (let i = 0; i < 3; i += 1) pairs.caddyAnswered(caddyEntry('same'))
  pairs.functionAnswered('same')
  pairs.close()
  expect([released.length, pairs.merged]).toEqual([1, 2])
})

test("a function's line of long ago does not hide a new failure with its request id", () => {
  const { pairs, released, time } = setupPairs()
  pairs.functionAnswered('same')
  time.ms = 6_000
  pairs.caddyAnswered(caddyEntry('same'))
  pairs.close()
  expect(released).toEqual(['same'])
})

test('of more than 1,000 waiting lines the oldest counts at once', () => {
  const { pairs, released } = setupPairs()
  for (let i = 0; i < 1_002; i += 1) pairs.caddyAnswered(caddyEntry(`r${i}`))
  expect([released, pairs.heldCount]).toEqual([['r0', 'r1'], 1_000])
  pairs.close()
  expect(released).toHaveLength(1_002)
})
