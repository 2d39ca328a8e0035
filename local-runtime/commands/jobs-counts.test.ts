import { uuidv7 } from 'uuidv7'
import { expect, test } from 'vitest'
import { jobWorkers } from '../../db/schema/index.ts'
import { setupJobs } from '../../test/fixtures/jobs-command.ts'
import { byKind, type CountsReport, countLines } from './jobs-counts.ts'
import { tableLines } from './jobs-table.ts'
import { painter, spanWords, stateWords } from './jobs-words.ts'

const now = new Date('2026-11-20T08:00:00.000Z')
const ago = (seconds: number) => new Date(now.getTime() - seconds * 1_000)
const paint = painter(false)

test('counts are a line a kind, nothing is a dot, and the age is that of the oldest queued job', () => {
  const kinds = byKind([
    { kind: 'b', status: 'queued', count: 12, oldestAt: ago(3_600) },
    { kind: 'b', status: 'running', count: 2, oldestAt: ago(9_999) },
    { kind: 'a', status: 'dead', count: 1, oldestAt: null },
  ])
  const report: CountsReport = { kinds, isCapped: false, workers: [] }
  expect(countLines(report, { now, paint })).toEqual([
    'KIND  QUEUED  WAITING  RUNNING  COMPLETED  FAILED  DEAD  CANCELLED  OLDEST',
    'a          .        .        .          .       .     1          .',
    'b         12        .        2          .       .     .          .      1h',
    'Completed: of the jobs that were queued within 24 hours. Oldest: how long a queued one has waited.',
    '',
    'No worker asks for jobs.',
  ])
  expect(countLines({ ...report, isCapped: true }, { now, paint })[3]).toMatch(/^There are more/)
  expect(countLines({ ...report, kinds: [] }, { now, paint })[0]).toBe('There are no jobs.')
})

test('octavo jobs counts tells of jobs by kind and state and of the workers that are alive', async () => {
  const { db, kind, octavo, queue, dead } = await setupJobs()
  await queue()
  await queue({ delayMs: 60_000 })
  await dead()
  const kinds = { [kind]: { places: 2, free: 1, running: 1, finished: 7, mean_ms: 3 } }
  const aliveUntil = new Date(Date.now() + 60_000)
  await db.insert(jobWorkers).values({ id: uuidv7(), name: 'host 7', kinds, aliveUntil })
  const { stdout } = await octavo('counts')
  expect(stdout).toMatch(new RegExp(`^${kind} +1 +1 +\\. +\\. +\\. +1 +\\. +\\d+s$`, 'm'))
  expect(stdout).toMatch(new RegExp(`^host 7 +1 +7 +\\d+s  ${kind}$`, 'm'))
  const report = JSON.parse((await octavo('counts', '--json')).stdout)
  expect(report.kinds).toMatchObject([{ kind, queued: 1, waiting: 1, dead: 1, running: 0 }])
  expect(report.workers).toMatchObject([{ name: 'host 7', kinds }])
})

test.each([
  [-5, '0s'],
  [59, '59s'],
  [60, '1m'],
  [3_599, '59m'],
  [7_300, '2h'],
  [200_000, '2d'],
])('%i seconds are %s', (seconds, words) => {
  expect(spanWords(seconds * 1_000)).toBe(words)
})

const moment = {
  attempts: 0,
  runAt: ago(-90),
  leasedAt: null,
  leasedBy: null,
  finishedAt: null,
  dependenciesOpen: 0,
  progressDone: 0,
  progressTotal: null,
  isPaused: false,
}

test.each([
  [{ status: 'queued', runAt: ago(5) }, 'a worker, for 5s'],
  [{ status: 'queued', runAt: ago(5), isPaused: true }, 'the end of a pause, for 5s'],
  [{ status: 'waiting' }, 'its time in 1m'],
  [{ status: 'waiting', attempts: 2 }, 'its next attempt in 1m'],
  [{ status: 'waiting', dependenciesOpen: 1 }, 'a job'],
  [{ status: 'waiting', dependenciesOpen: 3 }, '3 jobs'],
  [{ status: 'running', leasedAt: ago(7), leasedBy: 'host 7' }, 'in host 7 for 7s'],
  [{ status: 'dead', finishedAt: ago(120) }, 'ended 2m ago'],
] as const)('the state %j is told as "%s"', (fields, words) => {
  expect(stateWords({ ...moment, ...fields }, now)).toBe(words)
})

test('colours do not change the width of a column', () => {
  const red = painter(true)
  const rows = [
    [{ text: 'ab', painted: red('red', 'ab') }, { text: 'x' }],
    [{ text: 'abcd' }, { text: 'y' }],
  ]
  expect(tableLines(['A', 'B'], rows, paint).slice(1)).toEqual([
    `${red('red', 'ab')}    x`,
    'abcd  y',
  ])
})
