import { type EventSource, eventOf } from './event.ts'
import { haveSameNames, matchEditions, matchRounds } from './matching.ts'
import type { PlanContext } from './planning.ts'
import { planRound } from './round-plan.ts'
import type { SourceEdition, SourceSeries } from './source.ts'
import type { Change, DeadlineState, EditionState, RoundState, SeriesState } from './state.ts'
import { fieldSentence } from './wording.ts'

export type Planned<T> = { state: T; changes: Change[] }
type Order = { before: SeriesState; source: SourceSeries; context: PlanContext }

/**
 * The editions that a series has by a file. One that the file has no longer stays, as sources forget old years; but what
 * of it was still to come was a mistake, or stands elsewhere now, and is withdrawn.
 */
export function planEditions({ before, source, context }: Order): {
  editions: EditionState[]
  changes: Change[]
} {
  const pairs = matchEditions(before.editions, source.editions)
  const planned = source.editions.map((edition) =>
    planEdition({ known: pairs.get(edition) ?? null, edition, source, before, context }),
  )
  const kept = new Set(pairs.values())
  const forgotten = before.editions
    .filter((edition) => !kept.has(edition))
    .map((edition) => planForgotten(edition, { before, source, context }))
  const all = [...planned, ...forgotten]
  return {
    editions: all.map(({ state }) => state).toSorted(byYear),
    changes: all.flatMap(({ changes }) => changes),
  }
}

/** As the data base gives them back. */
export const byYear = (a: EditionState, b: EditionState): number =>
  a.year - b.year || (a.key < b.key ? -1 : 1)

function planForgotten(known: EditionState, { before, source, context }: Order) {
  const { id, year, zone } = known
  const order = { title: source.title, year, zone, count: openRounds(known.rounds).length, context }
  const isToCome = ({ deadlines }: RoundState) =>
    deadlines.some(({ at, isWithdrawn }) => !isWithdrawn && at !== null && at > context.at)
  const rounds = known.rounds.map((round) =>
    isToCome(round) ? withdrawn(round, order) : { state: round, changes: [] },
  )
  const edition = { ...known, rounds: statesOf(rounds) }
  const state = withSequences({ before, edition: known }, source, { edition, context })
  return { state, changes: changesOf(rounds, id) }
}

type RoundsOrder = Omit<
  Parameters<typeof planRound>[0],
  'known' | 'source' | 'number' | 'isNewEdition'
>

const withdrawn = (known: RoundState, order: RoundsOrder): Planned<RoundState> =>
  planRound({ ...order, known, source: null, number: known.number, isNewEdition: false })

const statesOf = (rounds: readonly Planned<RoundState>[]): RoundState[] =>
  rounds.map(({ state }) => state).toSorted(byNumber)

const changesOf = (planned: readonly { changes: Change[] }[], editionId: string): Change[] =>
  planned.flatMap(({ changes }) => changes.map((change) => ({ ...change, editionId })))

type EditionOrder = {
  known: EditionState | null
  edition: SourceEdition
  source: SourceSeries
  before: SeriesState
  context: PlanContext
}

function planEdition(order: EditionOrder): Planned<EditionState> {
  const { known, edition, source, before, context } = order
  const { days, key, year, link, place, dateText, zone } = edition
  const name = `${source.title} ${year}`
  const rounds = planRounds(order)
  const id = known?.id ?? context.newId()
  const bare: EditionState = {
    ...{ id, key, year, link, place, dateText },
    ...{ startsOn: days?.startsOn ?? null, endsOn: days?.endsOn ?? null, zone },
    rounds: statesOf(rounds),
  }
  if (!known) return { state: bare, changes: changesOf([{ changes: [added(name, key)] }], id) }
  const changes = [{ changes: fieldChanges(known, bare, name) }, ...rounds]
  const after = { edition: bare, context }
  const state = withSequences({ before, edition: known }, source, after)
  return { state, changes: changesOf(changes, id) }
}

function planRounds({ known, edition, source, context }: EditionOrder): Planned<RoundState>[] {
  const { rounds: sources, year, zone } = edition
  const before = known?.rounds ?? []
  const pairs = matchRounds(before, sources)
  const isOnlyReordered = haveSameNames(openRounds(before), sources)
  const order = { title: source.title, year, zone, count: sources.length, context }
  const rounds = sources.map((round, index) => {
    const old = pairs.get(round) ?? null
    const number = isOnlyReordered && old ? old.number : index + 1
    return planRound({ ...order, known: old, source: round, number, isNewEdition: !known })
  })
  const kept = new Set(pairs.values())
  const gone = before.filter((round) => !kept.has(round))
  return [...rounds, ...gone.map((round) => withdrawn(round, order))]
}

const openRounds = (rounds: readonly RoundState[]): RoundState[] =>
  rounds.filter(({ isWithdrawn }) => !isWithdrawn)

/** As the data base gives them back. */
export const byNumber = (a: RoundState, b: RoundState): number =>
  Number(a.isWithdrawn) - Number(b.isWithdrawn) || a.number - b.number || (a.id < b.id ? -1 : 1)

const added = (name: string, key: string): Change => ({
  ...{ editionId: null, deadlineId: null, kind: 'added', field: 'edition' },
  ...{ oldValue: null, newValue: key, sentence: `${name} was added.` },
})

// A zone is told of with each of its deadlines, and days with the text that they come from.
const recordedFields = { key: 'key', year: 'year', link: 'link', place: 'place', dateText: 'date' }

const fieldChanges = (known: EditionState, state: EditionState, name: string): Change[] =>
  Object.entries(recordedFields).flatMap(([field, shown]) => {
    const [oldValue, newValue] = [known, state].map((one) => String(one[field as 'key'])) as [
      string,
      string,
    ]
    if (oldValue === newValue) return []
    const sentence = fieldSentence(name, shown, [oldValue, newValue])
    const subject = { editionId: null, deadlineId: null, kind: 'changed' as const }
    return [{ ...subject, field: shown, oldValue, newValue, sentence }]
  })

type Before = { before: SeriesState; edition: EditionState }
type After = { edition: EditionState; context: PlanContext }

/** The edition, with a higher sequence for each deadline that calendars will show in another way. */
function withSequences(
  old: Before,
  source: SourceSeries,
  { edition, context }: After,
): EditionState {
  const faces = new Map<string, string>()
  for (const round of old.edition.rounds)
    for (const deadline of round.deadlines)
      faces.set(deadline.id, faceOf(old.before, old.edition, { round, deadline }))
  const rounds = edition.rounds.map((round) => ({
    ...round,
    deadlines: round.deadlines.map((deadline) => {
      const face = faces.get(deadline.id)
      const isSame = face === undefined || face === faceOf(source, edition, { round, deadline })
      if (isSame) return deadline
      return { ...deadline, sequence: deadline.sequence + 1, updatedAt: context.at }
    }),
  }))
  return { ...edition, rounds }
}

type Named = { title: string; description: string; sub: string }
type Due = { round: RoundState; deadline: DeadlineState }

const faceOf = (series: Named, edition: EditionState, due: Due): string =>
  JSON.stringify(eventOf(deadlineEvent(series, edition, due)))

const deadlineEvent = (
  { title, description: seriesDescription, sub }: Named,
  edition: EditionState,
  { round, deadline }: Due,
): EventSource => {
  const count = openRounds(edition.rounds).length
  const { number, comment } = round
  const { localText, zone, kind, at } = deadline
  const { year, link, place, dateText } = edition
  return {
    ...{ title, year, kind, round: { number, comment, count }, seriesDescription, sub },
    ...{ at, isWithdrawn: deadline.isWithdrawn || round.isWithdrawn, basis: null },
    given: { localText, zone, link, place, dateText },
  }
}
