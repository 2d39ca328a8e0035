import { aliasesOf } from './aliases.ts'
import { planEditions } from './edition-plan.ts'
import { estimateNext } from './estimates.ts'
import { type EventSource, eventOf } from './event.ts'
import type { SourceSeries } from './source.ts'
import type { Change, EstimateState, SeriesState } from './state.ts'
import { fieldSentence } from './wording.ts'

export type PlanContext = {
  at: string // RFC 3339
  newId: () => string
}

export type SeriesPlan = {
  /** What the series is to be; its version is one more where anything differs. */
  state: SeriesState
  isNew: boolean
  isChanged: boolean
  changes: Change[]
}

const recordedFields = [
  'title',
  'description',
  'sub',
  'rankCcf',
  'rankCore',
  'rankThcpl',
  'dblp',
] as const

const fieldNames: Record<(typeof recordedFields)[number], string> = {
  ...{ title: 'title', description: 'description', sub: 'sub', dblp: 'dblp' },
  ...{ rankCcf: 'rank.ccf', rankCore: 'rank.core', rankThcpl: 'rank.thcpl' },
}

/** What a series becomes by a file, and each change once. A file that says nothing new changes nothing. */
export function planSeries(
  known: SeriesState | null,
  source: SourceSeries,
  context: PlanContext,
): SeriesPlan {
  const before = known ?? newSeries(source, context)
  const { editions: sources, ...fields } = source
  const aliases = aliasesOf(before, source)
  const planned = planEditions({ before, source, context })
  const base = { ...before, ...fields, aliases, editions: planned.editions }
  const state = { ...base, estimates: planEstimates(base, before, context) }
  const changes = known ? [...fieldChanges(known, source), ...planned.changes] : [added(state)]
  const isChanged = known === null || JSON.stringify(state) !== JSON.stringify(known)
  if (known !== null && isChanged) {
    state.version = known.version + 1
    state.updatedAt = context.at
  }
  return { state, isNew: known === null, isChanged, changes }
}

const newSeries = (source: SourceSeries, { at, newId }: PlanContext): SeriesState => ({
  id: newId(),
  title: source.title,
  description: source.description,
  sub: source.sub,
  rankCcf: source.rankCcf,
  rankCore: source.rankCore,
  rankThcpl: source.rankThcpl,
  dblp: source.dblp,
  version: 1,
  createdAt: at,
  updatedAt: at,
  aliases: [],
  editions: [],
  estimates: [],
})

const added = ({ title, editions }: SeriesState): Change => ({
  ...{ editionId: null, deadlineId: null, kind: 'added', field: 'conference' },
  ...{ oldValue: null, newValue: title },
  sentence: `${title} was added with ${editions.length === 1 ? 'one edition' : `${editions.length} editions`}.`,
})

const fieldChanges = (known: SeriesState, source: SourceSeries): Change[] =>
  recordedFields.flatMap((field) => {
    const [oldValue, newValue] = [known[field], source[field]]
    if (oldValue === newValue) return []
    const name = fieldNames[field]
    const sentence = fieldSentence(source.title, name, [oldValue ?? '', newValue ?? ''])
    const subject = { editionId: null, deadlineId: null, kind: 'changed' as const }
    return [{ ...subject, field: name, oldValue, newValue, sentence }]
  })

function planEstimates(
  state: Omit<SeriesState, 'estimates'>,
  before: SeriesState,
  { at, newId }: PlanContext,
): EstimateState[] {
  // One whose time has come without an announcement was wrong, and the next year's would be made of it.
  const open = estimateNext(state.editions).filter((estimate) => estimate.at > at)
  return open.map((estimate) => {
    const known = before.estimates.find(
      ({ kind, year, round }) =>
        kind === estimate.kind && year === estimate.year && round === estimate.round,
    )
    const face = (series: typeof state, one: typeof estimate) =>
      JSON.stringify(eventOf(estimateEvent(series, one)))
    if (!known) return { id: newId(), ...estimate, sequence: 0, updatedAt: at }
    if (face(state, estimate) === face(before, known)) return known
    return { ...known, ...estimate, sequence: known.sequence + 1, updatedAt: at }
  })
}

const estimateEvent = (
  {
    title,
    description: seriesDescription,
    sub,
  }: Pick<SeriesState, 'title' | 'description' | 'sub'>,
  { kind, year, round, at, basis }: Pick<EstimateState, 'kind' | 'year' | 'round' | 'at' | 'basis'>,
): EventSource => ({
  ...{ title, year, kind, round: { number: round, comment: '', count: basis.rounds } },
  ...{ seriesDescription, sub, at, isWithdrawn: false, given: null, basis },
})
