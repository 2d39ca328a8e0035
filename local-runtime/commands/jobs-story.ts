import type { JobError, JobStep } from '../../db/schema/index.ts'
import type { RunEventRow } from '../../domain/jobs/events.ts'
import type { JobDetails, Neighbour } from './jobs-details.ts'
import { type Paint, paintStatus, stateWords } from './jobs-words.ts'
import { printable } from './logs-follow.ts'

const valueCharsMax = 300
const eventsShownMax = 100

type Showing = { now: Date; paint: Paint }

/** What `octavo jobs show` prints: a line a fact, then errors, steps and events. Long values are cut. */
export function detailsLines(details: JobDetails, { now, paint }: Showing): string[] {
  const { overview, row, waitsFor, isAwaitedBy } = details
  const status = paintStatus(overview.status, paint)
  const words = stateWords(overview, now)
  const facts: [string, string | null][] = [
    ['job', overview.id],
    ['tenant', `${printable(overview.tenantName)} (${overview.tenantId})`],
    ['kind', printable(overview.kind)],
    [
      'status',
      overview.finishedAt === null
        ? `${status}: ${waitWords(words, details)}`
        : `${status}, ${words}`,
    ],
    ['attempts', `${overview.attempts} of ${overview.attemptsMax}`],
    ['progress', progressWords(details)],
    ['priority', row.priority === 0 ? null : String(row.priority)],
    ['created', overview.createdAt.toISOString()],
    ['run at', overview.runAt.toISOString()],
    ['started', momentWords(overview.leasedAt, overview.leasedBy)],
    ['lease until', momentWords(details.leaseExpiresAt, null)],
    ['cancel asked', momentWords(details.cancelRequestedAt, null)],
    ['finished', momentWords(overview.finishedAt, null)],
    ['time limit', row.runMsMax === null ? null : `${row.runMsMax} ms an attempt`],
    ['subject', row.subjectId],
    ['user', row.userId],
    ['batch', row.batchId],
    ['request', row.requestId === null ? null : printable(row.requestId)],
    ['dedupe key', row.dedupeKey === null ? null : printable(row.dedupeKey)],
    ['payload', cut(row.payload)],
    ['result', row.result === null ? null : cut(row.result)],
  ]
  return [
    ...facts.flatMap(([name, value]) => (value === null ? [] : [fact(name, value, paint)])),
    ...section('why it waits', whyLines(details), paint),
    ...section('waits for', waitsFor.map(neighbourLine), paint),
    ...section('others wait for it', isAwaitedBy.map(neighbourLine), paint),
    ...section('errors', row.errors.map(errorLine), paint),
    ...section('steps', row.steps.map(stepLine), paint),
    ...section('events', eventLines(details.events), paint),
  ]
}

const fact = (name: string, value: string, paint: Paint): string =>
  `${paint('dim', name.padEnd(13))}${value}`

function section(title: string, lines: string[], paint: Paint): string[] {
  return lines.length === 0 ? [] : ['', paint('bold', title), ...lines.map((line) => `  ${line}`)]
}

const waitWords = (words: string, { overview }: JobDetails): string =>
  overview.status === 'running' ? words : `waits for ${words}`

const progressWords = ({ overview: { progressDone, progressTotal } }: JobDetails): string | null =>
  progressTotal === null && progressDone === 0 ? null : `${progressDone} of ${progressTotal ?? '?'}`

const momentWords = (at: Date | null, by: string | null): string | null =>
  at === null ? null : `${at.toISOString()}${by === null ? '' : ` in ${printable(by)}`}`

/** JSON on one line; what is cut off is counted. */
function cut(value: unknown): string {
  const text = printable(JSON.stringify(value) ?? 'null')
  if (text.length <= valueCharsMax) return text
  return `${text.slice(0, valueCharsMax)}... (${text.length - valueCharsMax} more characters; --json shows them)`
}

/** The decisive cause first; nothing for what runs or has ended, which the status tells. */
function whyLines({ overview, why }: JobDetails): string[] {
  if (why === null || overview.finishedAt !== null || overview.status === 'running') return []
  const { expectedAt, basis } = why
  const start =
    expectedAt === null
      ? `It cannot be told when it begins: ${basis}`
      : `It is expected to begin at ${expectedAt.toISOString()}: ${basis}`
  return [...why.causes.map(({ sentence }) => sentence), start].map(printable)
}

const neighbourLine = ({ id, status, onFailure }: Neighbour): string =>
  `${id}  ${status ?? 'gone'}${onFailure === 'run' ? ', however it ends' : ''}`

const errorLine = ({ attempt, at, code, message }: JobError): string =>
  `${printable(at)}  attempt ${attempt}  ${printable(code)}: ${printable(message)}`

function stepLine({ name, attempt, started_at, finished_at, output }: JobStep): string {
  const ms = Date.parse(finished_at) - Date.parse(started_at)
  const shown = output === null || output === undefined ? '' : `  ${cut(output)}`
  return `${printable(finished_at)}  attempt ${attempt}  ${printable(name)} in ${ms} ms${shown}`
}

function eventLines(events: readonly RunEventRow[]): string[] {
  const hidden = events.length - eventsShownMax
  const lines = events.slice(-eventsShownMax).map(({ createdAt, type, data }) => {
    const values = Object.entries(data).map(([name, value]) =>
      `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`.slice(
        0,
        valueCharsMax,
      ),
    )
    return printable([createdAt.toISOString(), type.padEnd(12), ...values].join('  ')).trimEnd()
  })
  return hidden > 0 ? [`(${hidden} earlier ones are shown by --json)`, ...lines] : lines
}
