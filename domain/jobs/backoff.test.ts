import { expect, test } from 'vitest'
import { retryDelayMs } from './backoff.ts'

test.each([
  [1, 0, 500],
  [1, 1, 1_000],
  [3, 1, 4_000],
  [30, 1, 300_000],
])(
  'after attempt %i a job waits between half and all of its doubled time (%d: %i ms)',
  (attempt, random, ms) => {
    expect(retryDelayMs(attempt, random)).toBe(ms)
  },
)

test.each([
  [1, 0, 5_000],
  [2, 0, 300_000],
  [2, 1, 330_000],
  [9, 0, 300_000],
])(
  'with a list of waits, after attempt %i a job waits for its own (%d: %i ms)',
  (attempt, random, ms) => {
    expect(retryDelayMs(attempt, random, [5_000, 300_000])).toBe(ms)
  },
)
