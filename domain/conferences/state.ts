import type { DeadlineKind, EstimateBasis } from '../../db/schema/conferences.ts'

/** A series with all that hangs on it, as plain values; times as RFC 3339 with milliseconds. */
export type SeriesState = {
  id: string
  title: string
  description: string
  sub: string
  rankCcf: string | null
  rankCore: string | null
  rankThcpl: string | null
  dblp: string
  version: number
  createdAt: string
  updatedAt: string
  aliases: AliasState[]
  editions: EditionState[]
  estimates: EstimateState[]
}

export type AliasState = { name: string; kind: 'title' | 'dblp' | 'edition' | 'given' }

export type EditionState = {
  id: string
  key: string
  year: number
  link: string
  place: string
  dateText: string
  startsOn: string | null
  endsOn: string | null
  zone: string
  rounds: RoundState[]
}

export type RoundState = {
  id: string
  number: number
  comment: string
  isWithdrawn: boolean
  deadlines: DeadlineState[]
}

export type DeadlineState = {
  id: string
  kind: DeadlineKind
  localText: string
  zone: string
  at: string | null
  sequence: number
  isWithdrawn: boolean
  updatedAt: string
}

export type EstimateState = {
  id: string
  kind: DeadlineKind
  year: number
  round: number
  at: string
  basis: EstimateBasis
  sequence: number
  updatedAt: string
}

/** A change as it is kept, without the series and the time that all of one import share. */
export type Change = {
  editionId: string | null
  deadlineId: string | null
  kind: 'added' | 'changed' | 'withdrawn' | 'returned'
  field: string
  oldValue: string | null
  newValue: string | null
  sentence: string
}
