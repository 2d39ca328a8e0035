import type { DeadlineKind } from '../../db/schema/conferences.ts'

const kindNames: Record<DeadlineKind, string> = {
  abstract: 'abstract deadline',
  paper: 'paper deadline',
  supplementary: 'deadline of supplementary material',
  rebuttal: 'rebuttal deadline',
  notification: 'notification',
  camera_ready: 'camera-ready deadline',
  registration: 'registration deadline',
}

/** Which deadline it is, for a reader; a round is named where there are several. */
export type DeadlineName = {
  title: string
  year: number
  kind: DeadlineKind
  round: { number: number; comment: string; count: number }
}

/** `S&P 2027, First Paper submission deadline: paper deadline` */
export function deadlineName({ title, year, kind, round }: DeadlineName): string {
  const label = round.count > 1 ? `, ${round.comment || `round ${round.number}`}` : ''
  return `${title} ${year}${label}: ${kindNames[kind]}`
}

/** When something falls due, as its source says it. */
export type Due = { localText: string; zone: string; at: string | null }

/** `2026-06-11 23:59:59 UTC-12`, or `TBD`. */
export const shownDue = ({ localText, zone, at }: Due): string =>
  at === null ? localText : `${localText} ${zone}`

/** What became of a time, in one sentence. */
export function dueSentence(name: string, from: Due, to: Due): string {
  const [before, after] = [shownDue(from), shownDue(to)]
  return `${name} ${verbOf(from.at, to.at)} from ${before} to ${after}.`
}

function verbOf(from: string | null, to: string | null): string {
  if (from === null) return to === null ? 'rewritten' : 'set'
  if (to === null) return 'unset'
  if (from === to) return 'rewritten'
  return to > from ? 'extended' : 'brought forward'
}

/** `S&P 2027: place changed from "Oslo" to "Bergen".` */
export const fieldSentence = (name: string, field: string, [from, to]: [string, string]): string =>
  `${name}: ${field} changed from "${from}" to "${to}".`
