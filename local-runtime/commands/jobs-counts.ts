import { defineCommand } from 'citty'
import type { Db } from '../../db/client.ts'
import { type JobStatus, jobStatuses } from '../../db/schema/index.ts'
import {
  countEndedJobs,
  countOpenJobs,
  type KindCount,
  listWorkers,
  type WorkerReport,
} from '../../db/system.ts'
import { jobsArgs, printJson, printLines, withJobs } from './jobs-context.ts'
import { type Cell, tableLines } from './jobs-table.ts'
import { isColouredOutput, type Paint, painter, paintStatus, spanWords } from './jobs-words.ts'
import { printable } from './logs-follow.ts'

const completedMs = 24 * 3_600_000

export const counts = defineCommand({
  meta: { name: 'counts', description: 'Count jobs by kind and state, and the workers' },
  args: jobsArgs,
  run: ({ args }) =>
    withJobs(args, async ({ db, tenantId, isJson }) => {
      const now = new Date()
      const report = await readCounts(db, { tenantId, now })
      if (isJson) return printJson(countsJson(report))
      printLines(countLines(report, { now, paint: painter(isColouredOutput()) }))
    }),
})

/** Of one kind. `oldestAt`: since when the oldest queued one could begin. */
export type KindReport = {
  kind: string
  byStatus: Partial<Record<JobStatus, number>>
  oldestAt: Date | null
}
export type CountsReport = {
  kinds: KindReport[]
  isCapped: boolean // there are more than were counted
  workers: WorkerReport[]
}

/** Open jobs, all that did not complete, and the completed ones among those queued within 24 hours. */
export async function readCounts(
  db: Db,
  { tenantId, now }: { tenantId: string | null; now: Date },
): Promise<CountsReport> {
  const since = new Date(now.getTime() - completedMs)
  const [open, ended, workers] = await Promise.all([
    countOpenJobs(db, { tenantId }),
    countEndedJobs(db, { tenantId, since }),
    listWorkers(db, { tenantId }),
  ])
  const isCapped = open.isCapped || ended.isCapped
  return { kinds: byKind([...open.counts, ...ended.counts]), isCapped, workers }
}

/** One entry a kind, in the order of their names. */
export function byKind(rows: readonly KindCount[]): KindReport[] {
  const kinds = new Map<string, KindReport>()
  for (const { kind, status, count, oldestAt } of rows) {
    const report = kinds.get(kind) ?? { kind, byStatus: {}, oldestAt: null }
    report.byStatus[status] = (report.byStatus[status] ?? 0) + count
    if (status === 'queued') report.oldestAt = oldestAt
    kinds.set(kind, report)
  }
  return [...kinds.values()].sort((a, b) => (a.kind < b.kind ? -1 : 1))
}

const heads = ['KIND', ...jobStatuses.map((status) => status.toUpperCase()), 'OLDEST']

/** What `octavo jobs counts` prints: a line a kind, then a line a worker. */
export function countLines(
  { kinds, isCapped, workers }: CountsReport,
  { now, paint }: { now: Date; paint: Paint },
): string[] {
  const rows = kinds.map(({ kind, byStatus, oldestAt }): Cell[] => [
    { text: printable(kind) },
    ...jobStatuses.map((status) => countCell(status, byStatus[status] ?? 0, paint)),
    {
      text: oldestAt === null ? '' : spanWords(now.getTime() - oldestAt.getTime()),
      isNumber: true,
    },
  ])
  return [
    ...(kinds.length === 0 ? ['There are no jobs.'] : tableLines(heads, rows, paint)),
    ...(isCapped ? ['There are more: these are the first that were counted.'] : []),
    'Completed: of the jobs that were queued within 24 hours. Oldest: how long a queued one has waited.',
    '',
    ...workerLines(workers, { now, paint }),
  ]
}

/** Nothing is a dot, so that what there is meets the eye. */
export function countCell(status: JobStatus, count: number, paint: Paint): Cell {
  const text = count === 0 ? '.' : String(count)
  return { text, painted: count === 0 ? text : paintStatus(status, paint, text), isNumber: true }
}

function workerLines(
  workers: readonly WorkerReport[],
  { now, paint }: { now: Date; paint: Paint },
): string[] {
  if (workers.length === 0) return ['No worker asks for jobs.']
  const rows = workers.map(({ name, kinds, startedAt }): Cell[] => [
    { text: printable(name) },
    { text: String(total(kinds, 'running')), isNumber: true },
    { text: String(total(kinds, 'finished')), isNumber: true },
    { text: spanWords(now.getTime() - startedAt.getTime()), isNumber: true },
    { text: printable(Object.keys(kinds).sort().join(' ')) },
  ])
  return tableLines(['WORKER', 'RUNNING', 'FINISHED', 'UP', 'KINDS'], rows, paint)
}

const total = (kinds: WorkerReport['kinds'], name: 'running' | 'finished'): number =>
  Object.values(kinds).reduce((sum, statistics) => sum + statistics[name], 0)

function countsJson({ kinds, isCapped, workers }: CountsReport): Record<string, unknown> {
  return {
    kinds: kinds.map(({ kind, byStatus, oldestAt }) => ({
      kind,
      ...Object.fromEntries(jobStatuses.map((status) => [status, byStatus[status] ?? 0])),
      oldest_queued_at: oldestAt?.toISOString() ?? null,
    })),
    is_capped: isCapped,
    workers: workers.map(({ id, name, kinds: served, startedAt, seenAt }) => ({
      id,
      name,
      kinds: served,
      started_at: startedAt.toISOString(),
      seen_at: seenAt.toISOString(),
    })),
  }
}
