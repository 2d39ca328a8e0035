import type { JobOverview } from '../../db/system.ts'
import { type Paint, paintStatus, spanWords, stateWords } from './jobs-words.ts'
import { printable } from './logs-follow.ts'

/** A cell of a table; `painted` is what is printed in place of `text`, which gives the width. */
export type Cell = { text: string; painted?: string; isNumber?: boolean }

/** Columns as wide as their widest cell, two blanks apart; the heads are dim. */
export function tableLines(heads: readonly string[], rows: readonly Cell[][], paint: Paint) {
  const widths = heads.map((head, column) =>
    Math.max(head.length, ...rows.map((row) => row[column]?.text.length ?? 0)),
  )
  const line = (cells: readonly Cell[]): string =>
    cells
      .map(({ text, painted = text, isNumber = false }, column) => {
        const blanks = ' '.repeat((widths[column] ?? 0) - text.length)
        return isNumber ? blanks + painted : painted + blanks
      })
      .join('  ')
      .trimEnd()
  const head = line(
    heads.map((text, column) => ({ text, isNumber: rows[0]?.[column]?.isNumber === true })),
  )
  return [paint('dim', head), ...rows.map(line)]
}

const overviewHeads = [
  'ID',
  'TENANT',
  'KIND',
  'STATUS',
  'TRIES',
  'AGE',
  'WAITS FOR, RUNS IN, ENDED',
]

/** What `octavo jobs` prints: a line a job, its latest error last. */
export function overviewLines(
  jobs: readonly JobOverview[],
  { now, paint }: { now: Date; paint: Paint },
): string[] {
  const hasErrors = jobs.some(({ errorCode }) => errorCode !== null)
  const heads = hasErrors ? [...overviewHeads, 'ERROR'] : overviewHeads
  const rows = jobs.map((job) => {
    const cells = overviewCells(job, { now, paint })
    const code = printable(job.errorCode ?? '')
    return hasErrors ? [...cells, { text: code, painted: paint('red', code) }] : cells
  })
  return tableLines(heads, rows, paint)
}

function overviewCells(job: JobOverview, { now, paint }: { now: Date; paint: Paint }): Cell[] {
  return [
    { text: job.id },
    { text: printable(job.tenantName) },
    { text: printable(job.kind) },
    { text: job.status, painted: paintStatus(job.status, paint) },
    { text: `${job.attempts}/${job.attemptsMax}`, isNumber: true },
    { text: spanWords(now.getTime() - job.createdAt.getTime()), isNumber: true },
    { text: stateWords(job, now) },
  ]
}

/** The same for programs: names as the HTTP interface has them, times in RFC 3339. */
export function overviewJson(job: JobOverview): Record<string, unknown> {
  return {
    id: job.id,
    tenant_id: job.tenantId,
    tenant: job.tenantName,
    kind: job.kind,
    status: job.status,
    attempts: job.attempts,
    attempts_max: job.attemptsMax,
    created_at: job.createdAt.toISOString(),
    run_at: job.runAt.toISOString(),
    leased_at: job.leasedAt?.toISOString() ?? null,
    leased_by: job.leasedBy,
    finished_at: job.finishedAt?.toISOString() ?? null,
    dependencies_open: job.dependenciesOpen,
    progress: { done: job.progressDone, total: job.progressTotal },
    error_code: job.errorCode,
    is_paused: job.isPaused,
  }
}
