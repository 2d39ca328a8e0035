import type { DeadlineKind } from '../../db/schema/conferences.ts'
import type { Days } from './dates.ts'

/** What a file says of a conference, read and checked. */
export type SourceSeries = {
  title: string
  description: string
  sub: string
  rankCcf: string | null
  rankCore: string | null
  rankThcpl: string | null
  dblp: string // empty: none
  editions: SourceEdition[]
}

export type SourceEdition = {
  key: string
  year: number
  link: string
  place: string
  dateText: string
  days: Days | null
  zone: string
  rounds: SourceRound[]
}

export type SourceRound = { comment: string; deadlines: SourceDeadline[] }
export type SourceDeadline = { kind: DeadlineKind; localText: string; at: Date | null }

/** Something wrong in a file, and where. With an `error` its series is left as it was; a `warning` is passed over. */
export type SourceProblem = {
  line: number // from 1
  column: number // from 1
  severity: 'error' | 'warning'
  detail: string
}

/** One entry of a file. `series` is `null` when there is an error in it. */
export type SourceEntry = {
  title: string | null
  line: number
  series: SourceSeries | null
  problems: SourceProblem[]
}

/** A file cannot be read at all. */
export class SourceFault extends Error {
  readonly line: number
  readonly column: number

  constructor(detail: string, { line, column } = { line: 1, column: 1 }) {
    super(detail)
    this.line = line
    this.column = column
  }
}

/** How names of conferences are compared: without case, marks and spaces, so that `S & P` is `S&P`. */
export const nameKeyOf = (name: string): string =>
  name.normalize('NFKC').toLowerCase().replaceAll(/\s+/g, '')

const nameKeyMax = 200 // it is in indexes and in cursors

/** Can a name be compared? Some characters are many when they are spelled out. */
export const isComparable = (name: string): boolean => nameKeyOf(name).length <= nameKeyMax
