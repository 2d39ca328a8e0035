import { countCell } from './jobs-counts.ts'
import { oldestOf, type QueueLook, type QueueRates, totalOf } from './jobs-look.ts'
import { type Cell, overviewLines, tableLines } from './jobs-table.ts'
import { type Paint, spanWords } from './jobs-words.ts'
import { printable } from './logs-follow.ts'

const kindStatuses = ['queued', 'waiting', 'running'] as const
const kindHeads = ['KIND', 'QUEUED', 'WAITING', 'RUNNING', 'ENDED/S', 'OLDEST']
const kindsMin = 3
const listMin = 2
const headLines = 2
const sectionLines = 3 // a blank, a title, the heads

type Shown = { look: QueueLook; rates: QueueRates }
type Screen = { rows: number; paint: Paint }

/** One picture of the live view, in at most so many lines as the terminal has. */
export function frameLines({ look, rates }: Shown, { rows, paint }: Screen): string[] {
  const { at: now, running, failures } = look
  const half = Math.max(kindsMin, Math.floor((rows - headLines) / 2) - sectionLines)
  const kinds = kindLines({ look, rates }, { max: half, paint })
  const left = rows - headLines - kinds.length - 2 * sectionLines
  const failuresShown = failures.slice(0, Math.max(listMin, Math.floor(left / 3)))
  const runningShown = running.slice(0, Math.max(listMin, left - failuresShown.length))
  const listed = (title: string, jobs: QueueLook['running']): string[] =>
    jobs.length === 0 ? [] : ['', paint('bold', title), ...overviewLines(jobs, { now, paint })]
  return [
    headLine({ look, rates }, paint),
    '',
    ...kinds,
    ...listed('Running, the longest first', runningShown),
    ...listed('Latest failures', failuresShown),
  ].slice(0, rows)
}

function headLine({ look, rates }: Shown, paint: Paint): string {
  const words = [
    paint('bold', 'octavo jobs'),
    look.at.toISOString(),
    look.isCapped ? 'at least' : null,
    ...kindStatuses.map((status) => `${totalOf(look, status)} ${status}`),
    rates.enqueued === null ? null : `${rateWords(rates.enqueued)} in/s`,
    rates.ended === null ? null : `${rateWords(rates.ended)} ended/s`,
    look.workers.length === 1 ? '1 worker' : `${look.workers.length} workers`,
    paint('dim', 'q ends'),
  ]
  return words.filter((word) => word !== null).join('   ')
}

function kindLines(
  { look, rates }: Shown,
  { max, paint }: { max: number; paint: Paint },
): string[] {
  if (look.kinds.length === 0) return ['Nothing is queued, waiting or running.']
  const open = (index: number) => look.kinds[index]
  const total = (index: number): number =>
    kindStatuses.reduce((sum, status) => sum + (open(index)?.byStatus[status] ?? 0), 0)
  const busiest = look.kinds.map((_, index) => index).sort((a, b) => total(b) - total(a))
  const shown = look.kinds.filter((_, index) => busiest.indexOf(index) < max)
  const rows = shown.map(({ kind, byStatus, oldestAt }): Cell[] => [
    { text: printable(kind) },
    ...kindStatuses.map((status) => countCell(status, byStatus[status] ?? 0, paint)),
    { text: rateWords(rates.byKind.get(kind) ?? null), isNumber: true },
    {
      text: oldestAt === null ? '' : spanWords(look.at.getTime() - oldestAt.getTime()),
      isNumber: true,
    },
  ])
  const hidden = look.kinds.length - shown.length
  const more = hidden === 0 ? [] : [paint('dim', `and ${hidden} kinds with fewer jobs`)]
  return [...tableLines(kindHeads, rows, paint), ...more]
}

const rateWords = (rate: number | null): string => (rate === null ? '' : rate.toFixed(1))

/** "2026-11-20T08:00:00.000Z queued=5 waiting=0 running=2 in/s=1.5 ended/s=1.0 oldest=3s workers=1" */
export function plainLine({ look, rates }: Shown): string {
  const oldest = oldestOf(look)
  const words = [
    look.at.toISOString(),
    ...kindStatuses.map((status) => `${status}=${totalOf(look, status)}`),
    rates.enqueued === null ? null : `in/s=${rateWords(rates.enqueued)}`,
    rates.ended === null ? null : `ended/s=${rateWords(rates.ended)}`,
    oldest === null ? null : `oldest=${spanWords(look.at.getTime() - oldest.getTime())}`,
    `workers=${look.workers.length}`,
  ]
  return words.filter((word) => word !== null).join(' ')
}

/** The same for programs, a line of JSON a look. */
export function lookJson({ look, rates }: Shown): Record<string, unknown> {
  return {
    at: look.at.toISOString(),
    enqueued_per_second: rates.enqueued,
    ended_per_second: rates.ended,
    oldest_queued_at: oldestOf(look)?.toISOString() ?? null,
    workers: look.workers.length,
    kinds: look.kinds.map(({ kind, byStatus }) => ({
      kind,
      ...Object.fromEntries(kindStatuses.map((status) => [status, byStatus[status] ?? 0])),
      ended_per_second: rates.byKind.get(kind) ?? null,
    })),
  }
}
