import { type EventSource, eventOf } from './event.ts'
import { matchEditions, matchRounds } from './matching.ts'
import type { PlanContext } from './planning.ts'
import { planRound } from './round-plan.ts'
import type { SourceEdition, SourceSeries } from './source.ts'
import type { Change, DeadlineState, EditionState, RoundState, SeriesState } from './state.ts'
import { fieldSentence } from './wording.ts'

export type Planned<T> = { state: T; changes: Change[] }
type Order = { before: SeriesState; source: SourceSeries; context: PlanContext }

/** The editions that a series has by a file. One that the file has no longer stays: sources forget old years. */
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
    .map((edition) => ({
      state: withSequences({ before, edition }, source, { edition, context }),
      changes: [],
    }))
  const all = [...planned, ...forgotten]
  return {
    editions: all.map(({ state }) => state).toSorted(byYear),
    changes: all.flatMap(({ changes }) => changes),
  }
}

/** As the data base gives them back. */
export const byYear = (a: EditionState, b: EditionState): number =>
  a.year - b.year || (a.key < b.key ? -1 : 1)

type EditionOrder = {
  known: EditionState | null
  edition: SourceEdition
  source: SourceSeries
  before: SeriesState
  context: PlanContext
}

function planEdition(order: EditionOrder): Planned<EditionState> {
  const { known, edition, source, before, context } = order
  const { days, rounds: sources, ...fields } = edition
  const name = `${source.title} ${edition.year}`
  const pairs = matchRounds(known?.rounds ?? [], sources)
  const rounds = sources.map((round, index) =>
    planRound({
      known: pairs.get(round) ?? null,
      source: round,
      ...{ number: index + 1, count: sources.length, zone: edition.zone },
      ...{ title: source.title, year: edition.year, isNewEdition: known === null, context },
    }),
  )
  const kept = new Set(pairs.values())
  const gone = (known?.rounds ?? [])
    .filter((round) => !kept.has(round))
    .map((round) =>
      planRound({
        ...{ known: round, source: null, number: round.number, count: sources.length },
        ...{ zone: edition.zone, title: source.title, year: edition.year },
        ...{ isNewEdition: false, context },
      }),
    )
  const all = [...rounds, ...gone]
  const id = known?.id ?? context.newId()
  const bare: EditionState = {
    ...{ id, key: fields.key, year: fields.year, link: fields.link, place: fields.place },
    ...{ dateText: fields.dateText, startsOn: days?.startsOn ?? null },
    ...{ endsOn: days?.endsOn ?? null, zone: fields.zone },
    rounds: all.map(({ state }) => state).toSorted(byNumber),
  }
  const state = known
    ? withSequences({ before, edition: known }, source, { edition: bare, context })
    : bare
  const changes = known
    ? [...fieldChanges(known, bare, name), ...all.flatMap((round) => round.changes)]
    : [added(name, edition.key)]
  return { state, changes: changes.map((change) => ({ ...change, editionId: id })) }
}

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
  const count = edition.rounds.filter(({ isWithdrawn }) => !isWithdrawn).length
  const { number, comment } = round
  const { localText, zone, kind, at } = deadline
  const { year, link, place, dateText } = edition
  return {
    ...{ title, year, kind, round: { number, comment, count }, seriesDescription, sub },
    ...{ at, isWithdrawn: deadline.isWithdrawn || round.isWithdrawn, basis: null },
    given: { localText, zone, link, place, dateText },
  }
}
