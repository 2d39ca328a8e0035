import { deadlineKinds } from '../../db/schema/conferences.ts'
import type { Planned } from './edition-plan.ts'
import type { PlanContext } from './planning.ts'
import type { SourceDeadline, SourceRound } from './source.ts'
import type { Change, DeadlineState, RoundState } from './state.ts'
import { deadlineName, dueSentence, fieldSentence, shownDue } from './wording.ts'

type RoundOrder = {
  known: RoundState | null
  /** `null`: the file has the round no longer. */
  source: SourceRound | null
  number: number
  count: number // rounds of the edition
  zone: string
  title: string
  year: number
  isNewEdition: boolean // which is told of as a whole
  context: PlanContext
}

/** What a round becomes. Nothing of it is removed: what the file has no longer is withdrawn, and may return. */
export function planRound(order: RoundOrder): Planned<RoundState> {
  const { known, source, number, title, year, context } = order
  const comment = source?.comment ?? known?.comment ?? ''
  const deadlines = deadlineKinds.flatMap((kind) => {
    const given = source?.deadlines.find((one) => one.kind === kind) ?? null
    const old = known?.deadlines.find((one) => one.kind === kind) ?? null
    return given || old ? [planDeadline({ ...order, number }, old, given)] : []
  })
  const state = {
    ...{ id: known?.id ?? context.newId(), number, comment, isWithdrawn: source === null },
    deadlines: deadlines.flatMap(({ state }) => (state ? [state] : [])),
  }
  const changes = deadlines.flatMap((planned) => planned.changes)
  if (known && known.comment !== comment) {
    const sentence = fieldSentence(`${title} ${year}`, 'comment', [known.comment, comment])
    const values = { field: 'comment', oldValue: known.comment, newValue: comment, sentence }
    changes.unshift({ editionId: null, deadlineId: null, kind: 'changed', ...values })
  }
  return { state, changes }
}

type PlannedDeadline = { state: DeadlineState | null; changes: Change[] }

function planDeadline(
  order: RoundOrder,
  old: DeadlineState | null,
  given: SourceDeadline | null,
): PlannedDeadline {
  const { zone, context } = order
  if (!given) return withdrawn(order, old)
  const at = given.at?.toISOString() ?? null
  const due = { localText: given.localText, zone, at }
  const { kind } = given
  if (!old) {
    const fresh = { sequence: 0, isWithdrawn: false, updatedAt: context.at }
    const state = { id: context.newId(), kind, ...due, ...fresh }
    if (order.isNewEdition) return { state, changes: [] }
    return { state, changes: [changeOf(order, state, { kind: 'added', newValue: shownDue(due) })] }
  }
  const state = { ...old, ...due, isWithdrawn: false }
  const values = { oldValue: shownDue(old), newValue: shownDue(due) }
  if (old.isWithdrawn)
    return { state, changes: [changeOf(order, state, { kind: 'returned', ...values })] }
  if (old.at === at && values.oldValue === values.newValue) return { state, changes: [] }
  const sentence = dueSentence(nameOf(order, kind), old, due)
  const change = { ...changeOf(order, state, { kind: 'changed', ...values }), sentence }
  return { state, changes: [change] }
}

function withdrawn(order: RoundOrder, old: DeadlineState | null): PlannedDeadline {
  if (!old || old.isWithdrawn) return { state: old, changes: [] }
  const state = { ...old, isWithdrawn: true }
  const change = changeOf(order, state, { kind: 'withdrawn', oldValue: shownDue(old) })
  return { state, changes: [change] }
}

const nameOf = (order: RoundOrder, kind: DeadlineState['kind']): string => {
  const { title, year, number, count, source, known } = order
  const comment = source?.comment ?? known?.comment ?? ''
  return deadlineName({ title, year, kind, round: { number, comment, count } })
}

type Values = {
  kind: Change['kind']
  oldValue?: string | null
  newValue?: string | null
}

const verbs = { added: 'added', withdrawn: 'withdrawn', returned: 'taken up again', changed: '' }

function changeOf(
  order: RoundOrder,
  { id, kind: deadlineKind }: DeadlineState,
  { kind, oldValue = null, newValue = null }: Values,
): Change {
  const shown = newValue ?? oldValue ?? ''
  return {
    ...{ editionId: null, deadlineId: id, kind, field: deadlineKind, oldValue, newValue },
    sentence: `${nameOf(order, deadlineKind)} was ${verbs[kind]}: ${shown}.`,
  }
}
