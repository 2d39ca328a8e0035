import { expect, test } from 'vitest'
import { CircuitBreaker } from './breaker.ts'

function setupBreaker() {
  const time = { ms: 0 }
  const breaker = new CircuitBreaker({ commandTimeoutMs: 150, now: () => time.ms })
  const calls = { count: 0 }
  const after = (ms: number, end: 'answers' | 'fails') => {
    const command = async () => {
      calls.count += 1
      time.ms += ms
      if (end === 'fails') throw new Error('failed')
    }
    return breaker.run(command).then(
      () => 'answered',
      (err: Error) => err.message,
    )
  }
  return { breaker, time, calls, after }
}

const skipped = 'Redis does not answer and is skipped'

test('after two timeouts in a row commands are skipped for a second, then one tries', async () => {
  const { time, calls, after } = setupBreaker()
  for (let i = 0; i < 4; i += 1) await after(150, 'fails')
  expect(calls.count).toBe(2)
  time.ms += 999
  expect(await after(1, 'answers')).toBe(skipped)
  time.ms += 1
  expect(await Promise.all([after(150, 'fails'), after(1, 'answers')])).toEqual(['failed', skipped])
  time.ms += 1_000
  expect(await after(1, 'answers')).toBe('answered')
  expect(await after(1, 'answers')).toBe('answered')
})

test.each([
  ['failures at once', 0, 'fails'],
  ['answers', 1, 'answers'],
] as const)('%s skip nothing, and one timeout among them neither', async (_, ms, end) => {
  const { calls, after } = setupBreaker()
  for (let i = 0; i < 3; i += 1) await after(ms, end)
  await after(150, 'fails')
  await after(1, 'answers')
  await after(150, 'fails')
  await after(1, 'answers')
  expect(calls.count).toBe(7)
})

test('a new connection is used at once', async () => {
  const { breaker, after } = setupBreaker()
  for (let i = 0; i < 2; i += 1) await after(150, 'fails')
  breaker.reset()
  expect(await after(1, 'answers')).toBe('answered')
})
