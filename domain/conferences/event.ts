import type { EstimateBasis } from '../../db/schema/conferences.ts'
import { type DeadlineName, deadlineName, shownDue } from './wording.ts'

/** What a calendar shows of a deadline. Where any of it changes, the event's SEQUENCE has to grow. */
export type DeadlineEvent = {
  summary: string
  description: string
  location: string
  url: string
  category: string
  at: string | null // null: not known, so that no calendar shows it
  status: 'CONFIRMED' | 'TENTATIVE' | 'CANCELLED'
}

export type EventSource = DeadlineName & {
  seriesDescription: string
  sub: string
  at: string | null
  isWithdrawn: boolean
  /** `null`: an estimate. */
  given: {
    localText: string
    zone: string
    link: string
    place: string
    dateText: string
  } | null
  basis: EstimateBasis | null
}

export function eventOf(source: EventSource): DeadlineEvent {
  const { given, at, basis, seriesDescription, sub: category } = source
  const name = deadlineName(source)
  if (given === null)
    return {
      summary: `${name} (estimated)`,
      description: [seriesDescription, basis && basisSentence(basis)].filter(Boolean).join('\n'),
      ...{ location: '', url: '', category, at, status: 'TENTATIVE' },
    }
  const held = [given.dateText, given.place].filter(Boolean).join(', ')
  const lines = [
    seriesDescription,
    `Due: ${shownDue({ ...given, at })}`,
    source.round.comment,
    held && `Conference: ${held}`,
    given.link,
  ]
  return {
    summary: name,
    description: lines.filter(Boolean).join('\n'),
    ...{ location: given.place, url: given.link, category, at },
    status: source.isWithdrawn ? 'CANCELLED' : 'CONFIRMED',
  }
}

/** What an estimate was made of, in one sentence. */
export function basisSentence({
  years,
  shift_days: shifts,
  median_shift_days: median,
}: EstimateBasis) {
  const range = `${years[0]} to ${years.at(-1)}`
  return `An estimate, not an announcement: from year to year the deadlines of ${range} moved by ${shifts.join(', ')} days; the middle of these, ${median} days, after the last one.`
}
