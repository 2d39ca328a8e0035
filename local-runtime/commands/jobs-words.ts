import { styleText } from 'node:util'
import type { JobStatus } from '../../db/schema/index.ts'
import type { JobOverview } from '../../db/system.ts'
import { printable } from './logs-follow.ts'

const secondMs = 1_000
const minuteMs = 60 * secondMs
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs

/** "3s", "12m", "5h", "2d": whole units, rounded down. What lies ahead counts as 0s. */
export function spanWords(ms: number): string {
  const span = Math.max(0, ms)
  if (span < minuteMs) return `${Math.floor(span / secondMs)}s`
  if (span < hourMs) return `${Math.floor(span / minuteMs)}m`
  if (span < dayMs) return `${Math.floor(span / hourMs)}h`
  return `${Math.floor(span / dayMs)}d`
}

type JobMoment = Pick<
  JobOverview,
  | 'status'
  | 'attempts'
  | 'runAt'
  | 'leasedAt'
  | 'leasedBy'
  | 'finishedAt'
  | 'dependenciesOpen'
  | 'progressDone'
  | 'progressTotal'
  | 'isPaused'
>

/** What a job waits for, who runs it, or how long ago it ended. */
export function stateWords(job: JobMoment, now: Date): string {
  if (job.status === 'running') return runningWords(job, now)
  if (job.status === 'queued')
    return `${job.isPaused ? 'the end of a pause' : 'a worker'}, for ${since(job.runAt, now)}`
  if (job.status === 'waiting') return waitingWords(job, now)
  return job.finishedAt === null ? '' : `ended ${since(job.finishedAt, now)} ago`
}

function waitingWords({ dependenciesOpen, runAt, attempts }: JobMoment, now: Date): string {
  if (dependenciesOpen > 0) return dependenciesOpen === 1 ? 'a job' : `${dependenciesOpen} jobs`
  const wait = spanWords(runAt.getTime() - now.getTime())
  return attempts > 0 ? `its next attempt in ${wait}` : `its time in ${wait}`
}

function runningWords(job: JobMoment, now: Date): string {
  const { leasedBy, leasedAt, progressDone, progressTotal } = job
  const duration = leasedAt === null ? '' : ` for ${since(leasedAt, now)}`
  const progress = progressTotal === null ? '' : `, ${progressDone} of ${progressTotal}`
  return `in ${printable(leasedBy ?? 'a worker')}${duration}${progress}`
}

const since = (at: Date, now: Date): string => spanWords(now.getTime() - at.getTime())

export type Paint = (style: Parameters<typeof styleText>[0], text: string) => string

/** Colours, or none of them. */
export const painter =
  (isColoured: boolean): Paint =>
  (style, text) =>
    isColoured ? styleText(style, text, { validateStream: false }) : text

const statusStyle = {
  queued: 'cyan',
  waiting: 'blue',
  running: 'green',
  completed: 'dim',
  failed: 'red',
  dead: 'red',
  cancelled: 'yellow',
} as const

export const paintStatus = (status: JobStatus, paint: Paint, text: string = status): string =>
  paint(statusStyle[status], text)

export const isColouredOutput = (): boolean =>
  process.stdout.isTTY === true && process.stdout.hasColors()
