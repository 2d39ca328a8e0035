import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { ageText, startOf } from './process-start.ts'

test('the start of a process is told to within a second, and of one that is gone it is not', async () => {
  const before = Date.now()
  const child = spawn('cat')
  await once(child, 'spawn')
  const after = Date.now()
  const started = startOf(child.pid ?? 0)?.getTime() ?? 0
  expect(started).toBeGreaterThan(before - 1_000)
  expect(started).toBeLessThan(after + 1_000)
  child.kill()
  await once(child, 'exit')
  expect(startOf(child.pid ?? 0)).toBeNull()
})

test.each([
  [-5, '0 s'],
  [900, '0 s'],
  [119_000, '119 s'],
  [120_000, '2 min'],
  [7_199_000, '119 min'],
  [7_200_000, '2 h'],
  [30 * 86_400_000, '30 d'],
])('%i ms are shown as %s', (ms, text) => {
  expect(ageText(ms)).toBe(text)
})
