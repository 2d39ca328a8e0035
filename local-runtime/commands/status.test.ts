import { expect, test } from 'vitest'
import { loadConfig } from '../config.ts'
import type { ProcessState } from '../supervisor/supervisor.ts'
import { statusReport, statusText } from './status.ts'

const now = new Date('2026-11-20T08:00:00Z')

function textOf(states: Partial<ProcessState>[], missing: string[] = []): string {
  const processes = states.map((state) => ({
    role: 'worker' as const,
    name: 'worker',
    pid: 2 ** 30,
    restarts: 0,
    memory: null,
    ...state,
  }))
  const report = statusReport(loadConfig({}, { envFile: null }), processes, missing)
  const started_at = '2026-11-20T07:55:00.000Z'
  return statusText(
    { ...report, processes: report.processes.map((row) => ({ ...row, started_at })) },
    now,
  )
}

test('a process shows how long it has run, and how often it was restarted', () => {
  const text = textOf([{ restarts: 0 }, { restarts: 1 }, { restarts: 3 }])
  expect(text).toMatch(/up +5 min {2}worker$/m)
  expect(text).toMatch(/worker {2}\(restarted once\)$/m)
  expect(text).toMatch(/worker {2}\(restarted 3 times\)$/m)
})

test('what should run and does not is told, and nothing where all is well', () => {
  expect(textOf([{}], ['caddy', 'isolate users'])).toContain('DOES NOT RUN  caddy; isolate users')
  expect(textOf([{}])).not.toContain('DOES NOT RUN')
})

test('a stopped stack says how to start it', () => {
  expect(textOf([])).toBe('The stack is not running. Start it with ./deploy-local.sh')
})
