import { expect, test } from 'vitest'
import { parseDays } from './dates.ts'

test.each([
  ['June 12-17, 2022', '2022-06-12', '2022-06-17'],
  ['February 22 - March 1, 2022', '2022-02-22', '2022-03-01'],
  ['May 11 - May 16, 2024', '2024-05-11', '2024-05-16'],
  ['April 26- May 04, 2025', '2025-04-26', '2025-05-04'],
  ['MAY 20-23, 2024', '2024-05-20', '2024-05-23'],
  ['December 6, 2026', '2026-12-06', '2026-12-06'],
  ['December 30, 2025 - January 2, 2026', '2025-12-30', '2026-01-02'],
  ['Sept. 5–9, 2022', '2022-09-05', '2022-09-09'],
  ['12-17 June 2022', '2022-06-12', '2022-06-17'],
  ['26 April - 4 May, 2025', '2025-04-26', '2025-05-04'],
  ['6th December 2026', '2026-12-06', '2026-12-06'],
])('%j is from %s to %s', (text, startsOn, endsOn) => {
  expect(parseDays(text)).toEqual({ startsOn, endsOn })
})

test.each([
  'TBD',
  '',
  'June 2026',
  'June 17-12, 2022',
  'June 31, 2022',
  'Smarch 1-2, 2022',
  '2026',
])('%j does not tell the days, and nothing is guessed', (text) => {
  expect(parseDays(text)).toBeNull()
})
