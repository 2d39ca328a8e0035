import { expect, test, vi } from 'vitest'
import type { TestModule } from 'vitest/node'
import { ClosingLine } from './closing-line.ts'

/** A test file of a finished run, as far as the reporter looks at it. */
const file = (states: string[], faults: { own?: number; suites?: number } = {}) =>
  ({
    errors: () => Array(faults.own ?? 0).fill(new Error('a hook')),
    children: {
      allSuites: () => [{ errors: () => Array(faults.suites ?? 0).fill(new Error('a hook')) }],
      allTests: () => states.map((state) => ({ result: () => ({ state }) })),
    },
  }) as unknown as TestModule

const closingLine = (files: TestModule[], unhandled: unknown[] = []): string => {
  const print = vi.spyOn(console, 'log').mockImplementation(() => {})
  new ClosingLine().onTestRunEnd(files, unhandled)
  const [line] = print.mock.lastCall ?? []
  print.mockRestore()
  return line
}

test('the line counts every test of every file by its outcome', () => {
  const files = [file(['passed', 'failed']), file(['passed', 'skipped', 'pending'])]
  expect(closingLine(files)).toBe('2 passed, 1 failed, 2 skipped')
})

test('a fault outside of tests is a failure, even when every test passed', () => {
  expect(closingLine([file(['passed'], { own: 1 })])).toBe('1 passed, 1 failed, 0 skipped')
  expect(closingLine([file(['passed'], { suites: 1 })])).toBe('1 passed, 1 failed, 0 skipped')
  expect(closingLine([file(['passed'])], ['unhandled'])).toBe('1 passed, 1 failed, 0 skipped')
})
