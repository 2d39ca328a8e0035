import { expect, test } from 'vitest'
import type { JobDetails } from './jobs-details.ts'
import { detailsLines } from './jobs-story.ts'
import { painter } from './jobs-words.ts'

const now = new Date('2026-11-20T08:00:00.000Z')
const createdAt = new Date('2026-11-20T07:59:00.000Z')

function details(row: Partial<JobDetails['row']>, fields: Partial<JobDetails> = {}): JobDetails {
  return {
    overview: {
      tenantId: '01a1f75f-40af-70f2-afdf-23f6e1e98db5',
      tenantName: 'alpha',
      id: '01a1f75f-40af-70f2-afdf-23f6e1e98db6',
      kind: 'nightly',
      status: 'dead',
      attempts: 2,
      attemptsMax: 2,
      createdAt,
      runAt: createdAt,
      leasedAt: createdAt,
      leasedBy: 'host 7',
      finishedAt: now,
      dependenciesOpen: 0,
      progressDone: 3,
      progressTotal: null,
      errorCode: null,
      isPaused: false,
    },
    row: {
      payload: {},
      result: null,
      errors: [],
      steps: [],
      priority: 0,
      runMsMax: null,
      subjectId: null,
      userId: null,
      batchId: null,
      requestId: null,
      dedupeKey: null,
      ...row,
    },
    leaseExpiresAt: null,
    cancelRequestedAt: null,
    waitsFor: [],
    isAwaitedBy: [],
    why: null,
    events: [],
    ...fields,
  }
}

const linesOf = (shown: JobDetails) => detailsLines(shown, { now, paint: painter(false) })

test('finished steps are told with their attempt, their time and their output', () => {
  const step = {
    name: 'fetch',
    attempt: 1,
    started_at: '2026-11-20T07:59:00.000Z',
    finished_at: '2026-11-20T07:59:01.250Z',
    output: { rows: 7 },
  }
  const lines = linesOf(details({ steps: [step, { ...step, name: 'mail', output: null }] }))
  expect(lines.slice(lines.indexOf('steps') + 1)).toEqual([
    '  2026-11-20T07:59:01.250Z  attempt 1  fetch in 1250 ms  {"rows":7}',
    '  2026-11-20T07:59:01.250Z  attempt 1  mail in 1250 ms',
  ])
  expect(lines).toContain('progress     3 of ?')
})

test('a long payload is cut, and what is missing is counted', () => {
  const lines = linesOf(details({ payload: { text: 'x'.repeat(1_000) } }))
  const payload = lines.find((line) => line.startsWith('payload'))
  expect(payload).toMatch(/x\.\.\. \(711 more characters; --json shows them\)$/)
})

test('of many events the latest hundred are shown, and the others counted', () => {
  const events = Array.from({ length: 130 }, (_, index) => ({
    id: String(index),
    type: 'log',
    data: { message: `line ${index}` },
    createdAt,
  }))
  const lines = linesOf(details({}, { events }))
  expect(lines.at(-101)).toBe('  (30 earlier ones are shown by --json)')
  expect(lines.at(-100)).toBe('  2026-11-20T07:59:00.000Z  log           message=line 30')
})

test('nothing that a job carries moves the cursor or starts a line', () => {
  const hostile = 'a\u001b[2J\nb\u202e'
  const errors = [{ attempt: 1, at: hostile, code: hostile, message: hostile }]
  const events = [{ id: '1', type: hostile, data: { [hostile]: hostile }, createdAt }]
  const row = { payload: { [hostile]: hostile }, errors, dedupeKey: hostile, requestId: hostile }
  for (const line of linesOf(details(row, { events })))
    expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
})
